import type { CircuitSnapshot } from '@svcproxy/core'
import type { Outcome, ResolvedCircuitPolicy, ResolvedRate } from '@svcproxy/core/adapter'

/** A call from the view of the reference. */
export interface ReferenceCall {
  readonly startedAt: number
  readonly epoch: number
  readonly refused: boolean
  answered: boolean
}

export type ReferencePolicy = Omit<ResolvedCircuitPolicy, 'isFailure' | 'mode' | 'random'>

/** A call that was answered while the circuit was closed. */
interface CountedCall {
  readonly at: number
  readonly failed: boolean
  readonly slow: boolean
}

const LEASE_MARGIN_MS = 1_000

/**
 * The policy, implemented a second time from its description and as plainly as possible: all calls are kept in a list,
 * and every question is answered by looking through it. The circuit under test is compared with this, so it must share
 * no code with it.
 */
export class ReferenceCircuit {
  readonly entered: string[] = []
  readonly calls: ReferenceCall[] = []
  failures: number = 0
  #successes = 0
  #openUntil = 0
  #isolations = 0
  #epoch = 0
  #mode: 'closed' | 'open' | 'half_open' | 'isolated' = 'closed'
  /** The calls since it was closed. */
  #counted: CountedCall[] = []
  #openings = 0
  #rampFrom = -Infinity
  /** The balance of the ramp, after the calls that were admitted for it. */
  #rampBalance = 0
  readonly #policy: ReferencePolicy

  constructor(policy: ReferencePolicy) {
    this.#policy = policy
  }

  /** The state at `now`, including changes by time alone. */
  stateAt(now: number): string {
    if (this.#mode === 'open' && now >= this.#openUntil) {
      this.#successes = 0
      this.#change('half_open')
    } else if (this.#mode === 'half_open' && this.#trials().some((trial) => now >= this.#leaseEnd(trial))) {
      this.#open(now)
    }
    return this.#mode
  }

  start(now: number): ReferenceCall {
    const state = this.stateAt(now)
    const full = state === 'half_open' && this.#trials().length >= this.#policy.maxTrials
    const refused = full || state === 'open' || state === 'isolated' || (state === 'closed' && !this.#rampAdmits(now))
    const call = { startedAt: now, epoch: this.#epoch, refused, answered: refused }
    this.calls.push(call)
    return call
  }

  settle(call: ReferenceCall, outcome: Outcome, now: number): void {
    if (call.answered) return
    // Before it is marked as answered: a trial whose lease is over has failed, whatever its result.
    this.stateAt(now)
    call.answered = true
    if (call.epoch !== this.#epoch || outcome === 'ignored') return
    if (this.#mode === 'closed') {
      this.failures = outcome === 'success' ? 0 : this.failures + 1
      const slow = now - call.startedAt >= (this.#policy.slowCalls?.thresholdMs ?? Infinity)
      this.#counted.push({ at: now, failed: outcome === 'failure', slow })
      if (this.failures === this.#policy.failureThreshold || this.#rateIsReached(now)) this.#open(now)
    } else if (outcome === 'failure') {
      this.#open(now)
    } else {
      this.#successes++
      if (this.#successes === this.#policy.successThreshold) {
        this.#close()
        this.#rampFrom = now
        this.#rampBalance = 1
      }
    }
  }

  #rateIsReached(now: number): boolean {
    const { failureRate, slowCalls } = this.#policy
    const last = this.#counted.at(-1)!
    return (
      (last.failed && reaches(failureRate, (call) => call.failed, this.#counted, now)) ||
      (last.slow && reaches(slowCalls, (call) => call.slow, this.#counted, now))
    )
  }

  #rampAdmits(now: number): boolean {
    const passed = (now - this.#rampFrom) / this.#policy.rampMs
    if (!(passed < 1)) return true
    this.#rampBalance += 0.1 + 0.9 * passed
    if (this.#rampBalance < 1) return false
    this.#rampBalance -= 1
    return true
  }

  /** Advances time to `end`; returns the calls whose deadline passes on the way, in that order. */
  advance(now: number, end: number): ReferenceCall[] {
    const dueAt = (call: ReferenceCall) => call.startedAt + this.#policy.timeoutMs
    const due = this.calls.filter((call) => !call.answered && dueAt(call) <= end).sort((a, b) => dueAt(a) - dueAt(b))
    for (const call of due) {
      const at = Math.max(now, dueAt(call))
      // An open circuit is not observed on the way; its state is only seen at the end.
      if (this.#mode === 'open') call.answered = true
      else this.settle(call, 'failure', at)
    }
    return due
  }

  reset(): void {
    if (this.#mode !== 'isolated') this.#close()
  }

  isolate(now: number): void {
    this.stateAt(now)
    this.#isolations++
    if (this.#isolations === 1) this.#change('isolated')
  }

  release(): void {
    this.#isolations--
    if (this.#isolations === 0) this.#close()
  }

  retryAfterMs(now: number): number | undefined {
    const state = this.stateAt(now)
    if (state === 'isolated') return undefined
    if (state === 'open') return this.#openUntil - now
    const trials = state === 'half_open' ? this.#trials() : []
    if (trials.length < this.#policy.maxTrials) return 0
    return Math.min(...trials.map((trial) => this.#leaseEnd(trial) - now))
  }

  snapshot(now: number): CircuitSnapshot {
    const state = this.stateAt(now)
    const none = { failures: 0, successes: 0, remainingMs: 0, openings: this.#openings }
    if (state === 'open') return { ...none, state, remainingMs: this.#openUntil - now }
    if (state === 'half_open') return { ...none, state, successes: this.#successes }
    return { ...none, state: 'closed', failures: state === 'closed' ? this.failures : 0, openings: 0 }
  }

  /** Imports its own snapshot: calls in flight no longer count, everything else stays. */
  takeOverOwnSnapshot(): void {
    if (this.#mode === 'isolated') return
    this.#epoch++
    this.#counted = []
    this.#rampFrom = -Infinity
  }

  #trials(): ReferenceCall[] {
    return this.calls.filter((call) => call.epoch === this.#epoch && !call.answered)
  }

  #leaseEnd(trial: ReferenceCall): number {
    return trial.startedAt + this.#policy.timeoutMs + LEASE_MARGIN_MS
  }

  #open(now: number): void {
    const { recoveryTimeoutMs, recoveryBackoff } = this.#policy
    const { factor, maxMs } = recoveryBackoff ?? { factor: 1, maxMs: recoveryTimeoutMs }
    let openForMs = recoveryTimeoutMs
    for (let earlier = 0; earlier < this.#openings; earlier++) openForMs = Math.min(openForMs * factor, maxMs)
    this.#openings++
    this.#openUntil = now + openForMs
    this.#change('open')
  }

  #close(): void {
    this.#change('closed')
    this.#openings = 0
    this.#rampFrom = -Infinity
  }

  #change(mode: 'closed' | 'open' | 'half_open' | 'isolated'): void {
    this.#epoch++
    this.failures = 0
    this.#counted = []
    if (mode !== this.#mode) this.entered.push(mode)
    this.#mode = mode
  }
}

/** Searches all calls, in whole tenths of a time window. */
function reaches(
  rate: ResolvedRate | undefined,
  isBad: (call: CountedCall) => boolean,
  counted: readonly CountedCall[],
  now: number,
): boolean {
  if (rate === undefined) return false
  const tenth = (at: number): number => ('windowMs' in rate ? Math.floor(at / (rate.windowMs / 10)) : 0)
  const inWindow =
    'windowCalls' in rate ? counted.slice(-rate.windowCalls) : counted.filter(({ at }) => tenth(at) > tenth(now) - 10)
  return inWindow.length >= rate.minimumCalls && inWindow.filter(isBad).length / inWindow.length >= rate.ratio
}
