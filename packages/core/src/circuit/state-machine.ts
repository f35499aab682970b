import type { Outcome } from '../attempts/attempt.ts'
import type { ResolvedCircuitPolicy } from './policy.ts'
import { Ramp } from './ramp.ts'
import { TripRules } from './trip-rules.ts'
import type { RateStatus } from './trip-rules.ts'

/**
 * `closed`: normal operation. `open`: calls are rejected at once. `half_open`: a limited number of trial calls is
 * admitted. `isolated`: held open by an operator.
 */
export type CircuitState = 'closed' | 'open' | 'half_open' | 'isolated'

/**
 * Who caused a change: this `process`, by itself or because its application asked for it; an `operator`; or the
 * `fleet`, the other processes.
 */
export type Cause = 'process' | 'operator' | 'fleet'

/** A change of a circuit's state. */
export interface CircuitTransition {
  /** The previous state. */
  readonly from: CircuitState
  /** The new state. */
  readonly to: CircuitState
  /** {@link Clock.now} when it was decided. */
  readonly at: number
  /** Who caused it. */
  readonly cause: Cause
}

/** Is notified by a {@link CircuitStateMachine}. */
export interface CircuitObserver {
  /** Called last in every change of state, so it may call back into the machine. */
  transitioned(transition: CircuitTransition): void
  /**
   * The number of consecutive failures of a closed circuit changed: one more, or 0 after a success. Called before they
   * open it.
   */
  failuresChanged?(consecutive: number): void
}

/** How a circuit is held open for several processes; times are {@link Clock.now}. */
export interface Held {
  /** The name of the coordinator, shown to operators. */
  readonly by: string
  /** When callers may try again, as far as is known. */
  readonly retryAt: number
  /** Whether it had opened by itself: then it does not close because of what others have seen. */
  readonly wasOpen: boolean
}

/** A circuit's state as it is sent to another process or stored: remaining times, not points in time. */
export interface CircuitSnapshot {
  /** Never `isolated`: an isolation belongs to the process in which it was requested. */
  readonly state: 'closed' | 'open' | 'half_open'
  /** Consecutive failures while closed, else 0. */
  readonly failures: number
  /** Successful trials while half-open, else 0. */
  readonly successes: number
  /** How long the circuit stays open, in milliseconds; 0 unless open. */
  readonly remainingMs: number
  /** How often it has opened since it was last closed; 0 while closed. @defaultValue 1 unless closed, for a snapshot without it */
  readonly openings?: number
}

/** Permission to make one attempt. Its outcome counts only while the generation lasts that granted it. */
export interface Permit {
  /** Increases with each change of state. */
  readonly generation: number
  /**
   * When the machine stops waiting for a trial's outcome; infinite for a permit granted while closed.
   * {@link CircuitStateMachine.renew} extends it.
   */
  leaseEndsAt: number
  /** The deadline of a trial, in milliseconds; a permit granted while closed has none. */
  readonly timeoutMs?: number
}

/** Each state has its own fields. */
type Phase =
  | {
      readonly state: 'closed'
      failures: number
      readonly permit: Permit
      /** If the policy has trip rules. */
      readonly rules?: TripRules | undefined
      /** After closing, if the policy has a ramp. */
      ramp?: Ramp | undefined
    }
  /** `openings`: how often it has opened since it was closed. `held`: by others than its own failures. */
  | { readonly state: 'open'; readonly until: number; readonly openings: number; readonly held?: Held | undefined }
  | {
      readonly state: 'half_open'
      successes: number
      readonly trials: Set<Permit>
      readonly openings: number
      readonly held?: Held | undefined
    }
  | { readonly state: 'isolated'; handles: number }

type ClosedPhase = Extract<Phase, { state: 'closed' }>

/** How long after its deadline a trial is considered lost, in milliseconds. */
export const TRIAL_LEASE_MARGIN_MS = 1_000

/**
 * The policy as a pure state machine: no timer, no promise, no I/O; time is passed in. Each change of state starts a
 * new generation, and outcomes of earlier generations are ignored.
 */
export class CircuitStateMachine {
  readonly #policy: ResolvedCircuitPolicy
  readonly #observer: CircuitObserver
  #generation = 0
  #retired = false
  #phase: Phase

  constructor(policy: ResolvedCircuitPolicy, observer: CircuitObserver) {
    this.#policy = policy
    this.#observer = observer
    this.#phase = this.#closedPhase(0, undefined)
  }

  /** Whether it is closed; time alone never changes that. */
  get isClosed(): boolean {
    return this.#phase.state === 'closed'
  }

  /** Whether it is isolated. */
  get isIsolated(): boolean {
    return this.#phase.state === 'isolated'
  }

  /** Whether {@link CircuitStateMachine.retire} was called. */
  get isRetired(): boolean {
    return this.#retired
  }

  /** Ends it: attempts in flight no longer count, and time no longer changes the state. */
  retire(): void {
    this.#generation++
    this.#retired = true
  }

  /** The state at `now`. Reading it makes an open circuit half-open when its time is over: there is no timer. */
  state(now: number): CircuitState {
    const phase = this.#phase
    if (this.#retired) return phase.state
    if (phase.state === 'open' && now >= phase.until) {
      this.#halfOpen(phase.openings, undefined, now, 'process')
    } else if (phase.state === 'half_open') {
      for (const trial of phase.trials) {
        if (now >= trial.leaseEndsAt) {
          this.#open(now)
          break
        }
      }
    }
    return this.#phase.state
  }

  /** Consecutive failures while closed, else 0. */
  get failures(): number {
    return this.#phase.state === 'closed' ? this.#phase.failures : 0
  }

  /** The rolling windows of its rules; empty unless it is closed. */
  rates(now: number): readonly RateStatus[] {
    return this.#phase.state === 'closed' ? (this.#phase.rules?.statuses(now) ?? []) : []
  }

  /** How long until all attempts are admitted again, in milliseconds: the rest of the ramp after closing, else 0. */
  rampLeftMs(now: number): number {
    return this.#phase.state === 'closed' ? (this.#phase.ramp?.leftMs(now) ?? 0) : 0
  }

  /**
   * A permit for one attempt, or undefined if the circuit does not admit it.
   * @param isLoad whether it loads the instance that all calls need: the ramp does not apply to it
   */
  acquire(now: number, timeoutMs: number = this.#policy.timeoutMs, isLoad = false): Permit | undefined {
    if (this.#phase.state !== 'closed') this.state(now)
    const phase = this.#phase
    // All attempts of a closed generation share one permit, so that a healthy call allocates nothing.
    if (phase.state === 'closed') return isLoad || this.#admits(phase, now) ? phase.permit : undefined
    if (phase.state !== 'half_open' || phase.trials.size >= this.#policy.maxTrials) return undefined
    const trial: Permit = { generation: this.#generation, leaseEndsAt: leaseEnd(now, timeoutMs), timeoutMs }
    phase.trials.add(trial)
    return trial
  }

  /** A trial has checked its instance: its second part gets the full deadline again. */
  renew(permit: Permit, now: number): void {
    if (permit.timeoutMs !== undefined) permit.leaseEndsAt = leaseEnd(now, permit.timeoutMs)
  }

  /** How long until a call may be admitted, in milliseconds: 0 if it would be now, undefined while isolated. */
  retryAfterMs(now: number): number | undefined {
    this.state(now)
    const phase = this.#phase
    if (phase.state === 'isolated') return undefined
    if (phase.state === 'open') return Math.max((phase.held?.retryAt ?? phase.until) - now, 0)
    if (phase.state === 'closed' || phase.trials.size < this.#policy.maxTrials) return 0
    return Math.min(...[...phase.trials].map((trial) => trial.leaseEndsAt)) - now
  }

  /** Reports the outcome and the duration of the attempt that `permit` allowed. */
  settle(permit: Permit, outcome: Outcome, now: number, durationMs: number): void {
    if (permit.generation !== this.#generation) return
    // A trial whose lease has ended has already failed, even if nobody has noticed yet.
    if (this.#phase.state === 'half_open') this.state(now)
    const phase = this.#phase
    if (phase.state === 'closed') {
      if (outcome !== 'ignored' && this.#trips(phase, outcome === 'failure', durationMs, now)) this.#open(now)
    } else if (phase.state === 'half_open' && phase.trials.delete(permit)) {
      if (outcome === 'success' && ++phase.successes >= this.#policy.successThreshold) this.#recover(now)
      else if (outcome === 'failure') this.#open(now)
    }
  }

  /** A rule outside this machine opens it, if it is closed. */
  trip(now: number): void {
    if (this.#phase.state === 'closed' && !this.#retired) this.#open(now)
  }

  /** Closes the circuit and resets its counts. An isolated circuit stays isolated. */
  reset(now: number, cause: Cause = 'process'): void {
    if (this.#phase.state !== 'isolated') this.#close(now, { cause })
  }

  /** Holds the circuit open until {@link CircuitStateMachine.release} was called as often as this. */
  isolate(now: number): void {
    this.state(now)
    if (this.#phase.state === 'isolated') this.#phase.handles++
    else this.#enter({ state: 'isolated', handles: 1 }, now, 'operator')
  }

  /** Ends one isolation; with the last one the circuit closes. */
  release(now: number): void {
    if (this.#phase.state === 'isolated' && --this.#phase.handles === 0) this.#close(now, { cause: 'operator' })
  }

  /** The name of the coordinator that holds it open or lets it make trials. */
  get heldBy(): string | undefined {
    return 'held' in this.#phase ? this.#phase.held?.by : undefined
  }

  /**
   * Opens the circuit, or keeps it open, because of what other processes have seen. It begins its own trials at `until`
   * if nothing more is said. An isolated circuit stays isolated.
   */
  hold(held: Omit<Held, 'wasOpen'>, until: number, now: number): void {
    this.state(now)
    const phase = this.#phase
    if (phase.state === 'isolated') return
    const openings = phase.state === 'closed' ? 1 : phase.openings
    const wasOpen = phase.state === 'closed' ? false : (phase.held?.wasOpen ?? true)
    this.#enter({ state: 'open', until, openings, held: { ...held, wasOpen } }, now, 'fleet')
  }

  /** Makes a held circuit half-open: it makes the trials, and decides by their results. */
  admitTrials(now: number): void {
    const phase = this.#phase
    if (phase.state === 'open' && phase.held !== undefined) this.#halfOpen(phase.openings, phase.held, now, 'fleet')
  }

  /**
   * Other processes have seen the service recover: a held circuit closes. A circuit that had opened by itself becomes
   * half-open at once, and makes its own trials.
   */
  endHold(now: number): void {
    const phase = this.#phase
    if (!('held' in phase) || phase.held === undefined) return
    if (!phase.held.wasOpen) this.#recover(now, 'fleet')
    else if (phase.state === 'open') this.#halfOpen(phase.openings, undefined, now, 'fleet')
  }

  /** The state, to be imported elsewhere. An isolation belongs to its handles and is not exported. */
  exportState(now: number): CircuitSnapshot {
    this.state(now)
    const phase = this.#phase
    if (phase.state === 'isolated') return { state: 'closed', failures: 0, successes: 0, remainingMs: 0, openings: 0 }
    return {
      state: phase.state,
      failures: phase.state === 'closed' ? phase.failures : 0,
      successes: phase.state === 'half_open' ? phase.successes : 0,
      remainingMs: phase.state === 'open' ? Math.max(phase.until - now, 0) : 0,
      openings: phase.state === 'closed' ? 0 : phase.openings,
    }
  }

  /** Takes over a state: open with 10 s left there is open with 10 s left here. An isolated circuit stays isolated. */
  importState(snapshot: CircuitSnapshot, now: number): void {
    if (this.#phase.state === 'isolated') return
    const { openings = 1 } = snapshot
    if (snapshot.state === 'open') {
      this.#enter({ state: 'open', until: now + snapshot.remainingMs, openings }, now, 'process')
    } else if (snapshot.state === 'half_open') {
      this.#enter({ state: 'half_open', successes: snapshot.successes, trials: new Set(), openings }, now, 'process')
    } else {
      this.#close(now, { failures: snapshot.failures, cause: 'process' })
    }
  }

  #admits(phase: ClosedPhase, now: number): boolean {
    if (phase.ramp === undefined) return true
    if (phase.ramp.leftMs(now) > 0) return phase.ramp.admits(now)
    phase.ramp = undefined
    return true
  }

  /** Every rule counts the call, even if another one opens the circuit. */
  #trips(phase: ClosedPhase, failed: boolean, durationMs: number, now: number): boolean {
    if (failed || phase.failures > 0) {
      phase.failures = failed ? phase.failures + 1 : 0
      this.#observer.failuresChanged?.(phase.failures)
    }
    const trips = phase.rules?.record(failed, durationMs, now) === true
    return trips || phase.failures >= this.#policy.failureThreshold
  }

  #open(now: number): void {
    const openings = this.#phase.state === 'half_open' ? this.#phase.openings + 1 : 1
    this.#enter({ state: 'open', until: now + this.#openForMs(openings), openings }, now, 'process')
  }

  /** Each opening without a close in between lasts longer, if the policy says so. */
  #openForMs(openings: number): number {
    const { recoveryTimeoutMs, recoveryBackoff, random } = this.#policy
    if (recoveryBackoff === undefined) return recoveryTimeoutMs
    const { factor, maxMs, jitterRatio } = recoveryBackoff
    const fullMs = Math.min(maxMs, recoveryTimeoutMs * factor ** (openings - 1))
    return fullMs - fullMs * jitterRatio * random()
  }

  #halfOpen(openings: number, held: Held | undefined, now: number, cause: Cause): void {
    this.#enter({ state: 'half_open', successes: 0, trials: new Set(), openings, held }, now, cause)
  }

  /** Successful trials have closed it. The service has just come back, so its load may have to grow step by step. */
  #recover(now: number, cause: Cause = 'process'): void {
    const { rampMs } = this.#policy
    this.#close(now, { cause, ramp: rampMs > 0 ? new Ramp(now, rampMs) : undefined })
  }

  #close(now: number, { failures = 0, ramp, cause }: Closing): void {
    const from = this.#phase.state
    this.#generation++
    this.#phase = this.#closedPhase(failures, ramp)
    if (from !== 'closed') this.#observer.transitioned({ from, to: 'closed', at: now, cause })
  }

  #enter(phase: Exclude<Phase, { state: 'closed' }>, now: number, cause: Cause): void {
    const from = this.#phase.state
    this.#generation++
    this.#phase = phase
    if (from !== phase.state) this.#observer.transitioned({ from, to: phase.state, at: now, cause })
  }

  #closedPhase(failures: number, ramp: Ramp | undefined): ClosedPhase {
    const permit = { generation: this.#generation, leaseEndsAt: Infinity }
    const rules = TripRules.of(this.#policy)
    // The object is smaller without these fields, and most services need neither.
    if (rules === undefined && ramp === undefined) return { state: 'closed', failures, permit }
    return { state: 'closed', failures, permit, rules, ramp }
  }
}

/** How a circuit is closed. */
interface Closing {
  readonly failures?: number
  readonly ramp?: Ramp | undefined
  readonly cause: Cause
}

function leaseEnd(now: number, timeoutMs: number): number {
  return now + timeoutMs + TRIAL_LEASE_MARGIN_MS
}
