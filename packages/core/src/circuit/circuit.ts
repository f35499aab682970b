import type { Attempt } from '../attempts/attempt.ts'
import type { Clock } from '../clock.ts'
import { DeadlineQueue } from '../attempts/deadline.ts'
import { InvalidOptionError, StoppedError } from '../errors.ts'
import { notify } from '../notify.ts'
import { MAX_TIMER_MS } from '../clock.ts'
import { numberOption, requiredNumber } from '../option-checks.ts'
import type { BreakerFactory, CircuitBreaker } from './breaker.ts'
import { CircuitGate } from './gate.ts'
import type { ResolvedCircuitPolicy } from './policy.ts'
import { CircuitStateMachine } from './state-machine.ts'
import type { Cause, CircuitObserver, CircuitSnapshot, CircuitState, CircuitTransition } from './state-machine.ts'
import type { RateStatus } from './trip-rules.ts'

/** The options of a {@link Circuit}. */
export interface CircuitOptions {
  /** The service's name, for errors. */
  readonly name: string
  /** The policy by which it decides. */
  readonly policy: ResolvedCircuitPolicy
  /** Creates the breaker that runs admitted attempts. */
  readonly breaker: BreakerFactory
  /** The clock for its decisions and for the deadlines of attempts. */
  readonly clock: Clock
  /**
   * Called after each change of state, when the new state is in force. Errors that it throws do not affect the circuit.
   */
  readonly onTransition?: (transition: CircuitTransition) => void
  /**
   * Called when the number of consecutive failures changes: one more, or 0 after a success. Errors that it throws do
   * not affect
   * the circuit.
   */
  readonly onFailures?: (consecutive: number) => void
}

/** How a coordinator that decides for several processes (a fleet) holds a circuit open. */
export interface CircuitHold {
  /** The name of the coordinator, shown to operators. */
  readonly by: string
  /** When callers may try again, in milliseconds from now, as far as is known. */
  readonly retryAfterMs: number
  /**
   * When the circuit begins its own trials if the coordinator says nothing more, in milliseconds from now.
   * @throws {@link InvalidOptionError} when not in `retryAfterMs` … 2 147 483 647
   */
  readonly endsInMs: number
}

/** What a coordinator of several processes may do with the circuit of one of them. */
export type SharedCircuit = Pick<Circuit, 'heldBy' | 'hold' | 'admitTrials' | 'endHold'>

/**
 * The circuit of one service. Three parts with one job each: the state machine decides, the deadline queue runs
 * attempts and ends them in time, and the breaker stands between them and reports to the users of its library.
 */
export class Circuit implements CircuitObserver {
  readonly #machine: CircuitStateMachine
  readonly #breaker: CircuitBreaker
  readonly #gate: CircuitGate
  readonly #onTransition: ((transition: CircuitTransition) => void) | undefined
  readonly #onFailures: ((consecutive: number) => void) | undefined
  #announcing: CircuitTransition[] | undefined
  /** In whole milliseconds: a small integer takes no memory of its own. */
  #changedAt: number

  constructor({ name, policy, breaker, clock, onTransition, onFailures }: CircuitOptions) {
    this.#onTransition = onTransition
    this.#onFailures = onFailures
    this.#machine = new CircuitStateMachine(policy, this)
    this.#changedAt = Math.round(clock.now())
    this.#gate = new CircuitGate(name, policy, this.#machine, DeadlineQueue.join(clock, policy.timeoutMs))
    this.#breaker = breaker(this.#gate)
  }

  /** The policy by which it decides. */
  get policy(): ResolvedCircuitPolicy {
    return this.#gate.policy
  }

  /** The current state. An open circuit whose time is over is half-open. */
  get state(): CircuitState {
    return this.#machine.state(this.#now)
  }

  /** {@link Clock.now} when it entered its current state, or when it was created if it never left its first. */
  get changedAt(): number {
    return this.#changedAt
  }

  /**
   * The error of the last failure that counted; undefined before the first. Set before the transition that it causes.
   */
  get lastError(): unknown {
    return this.#gate.lastError
  }

  /** Whether its mode is `observe`: it decides, but rejects nothing. */
  get isObserving(): boolean {
    return this.policy.mode === 'observe'
  }

  /** In `observe` mode: how many attempts it would have rejected. */
  get wouldReject(): number {
    return this.#gate.wouldReject ?? 0
  }

  /** In `observe` mode: counts a `get()` that an open circuit would reject, since a `get()` is not an attempt. */
  observe(): void {
    if (this.isObserving && this.state === 'open') this.#gate.wouldHaveRefused()
  }

  /** The rolling windows of its rules; empty unless it is closed. */
  get rates(): readonly RateStatus[] {
    return this.#machine.rates(this.#now)
  }

  /** How long the ramp after closing still lasts, in milliseconds; 0 if there is none. */
  get rampLeftMs(): number {
    return this.#machine.rampLeftMs(this.#now)
  }

  /** Whether it is closed. The clock is not read, because time alone never changes that. */
  get isClosed(): boolean {
    return this.#machine.isClosed
  }

  /** The state at `now`, for callers that have already read the clock. */
  stateAt(now: number): CircuitState {
    return this.#machine.state(now)
  }

  /** The state at `now` that applies to attempts: closed if the circuit only observes. */
  enforcedAt(now: number): CircuitState {
    const state = this.#machine.state(now)
    return this.isObserving && state !== 'isolated' ? 'closed' : state
  }

  /** How long until a call may be admitted, in milliseconds: 0 if it would be now, undefined while isolated. */
  get retryAfterMs(): number | undefined {
    return this.#machine.retryAfterMs(this.#now)
  }

  /** Consecutive failures while closed, else 0. */
  get consecutiveFailures(): number {
    return this.#machine.failures
  }

  /**
   * Runs `attempt` if the circuit admits it.
   * @throws {@link CircuitOpenError} (as a rejection) when it does not
   * @throws {@link ServiceTimeoutError} (as a rejection) at the deadline
   */
  execute<R>(attempt: Attempt<R>): Promise<R> {
    if (this.#disposed) {
      const error = new StoppedError(this.#gate.name)
      attempt.settled?.('refused', error, attempt.startedAt, 'ignored')
      return Promise.reject(error)
    }
    return this.#breaker.execute(attempt)
  }

  /** Closes the circuit and resets its counts. An isolated circuit stays isolated. */
  reset(cause: Cause = 'process'): void {
    if (!this.#disposed) this.#forgetting((now) => this.#machine.reset(now, cause))
  }

  /** Holds the circuit open until the returned handle is disposed; with several handles, until the last one is. */
  isolate(): Disposable {
    if (!this.#disposed) this.#machine.isolate(this.#now)
    let held = !this.#disposed
    return {
      [Symbol.dispose]: () => {
        if (held && !this.#disposed) this.#machine.release(this.#now)
        held = false
      },
    }
  }

  /** The name of the coordinator that holds it open or lets it make trials; undefined if there is none. */
  get heldBy(): string | undefined {
    return this.#machine.heldBy
  }

  /**
   * Opens the circuit, or keeps it open, because of what other processes have seen. An isolated circuit stays isolated.
   * @throws {@link InvalidOptionError}
   */
  hold({ by, retryAfterMs, endsInMs }: CircuitHold): void {
    const times = { min: 0, max: MAX_TIMER_MS }
    requiredNumber('hold.retryAfterMs', retryAfterMs, times)
    requiredNumber('hold.endsInMs', endsInMs, { ...times, min: retryAfterMs })
    const now = this.#now
    if (!this.#disposed) this.#machine.hold({ by, retryAt: now + retryAfterMs }, now + endsInMs, now)
  }

  /** Makes a held circuit half-open: this process makes the trials, and the circuit decides by their results. */
  admitTrials(): void {
    if (!this.#disposed) this.#machine.admitTrials(this.#now)
  }

  /**
   * Other processes have seen the service recover: a held circuit closes, with its ramp. A circuit that had opened by
   * itself becomes half-open instead, and makes its own trials.
   */
  endHold(): void {
    if (!this.#disposed) this.#machine.endHold(this.#now)
  }

  /** The state as plain data: remaining times instead of points in time. */
  exportState(): CircuitSnapshot {
    return this.#machine.exportState(this.#now)
  }

  /**
   * Takes over an exported state.
   * @throws {@link InvalidOptionError} when it does not have the form that {@link Circuit.exportState} returns
   */
  importState(snapshot: CircuitSnapshot): void {
    checkSnapshot(snapshot, this.policy)
    if (!this.#disposed) this.#forgetting((now) => this.#machine.importState(snapshot, now))
  }

  /** Ends it: no attempt is admitted any more, and attempts in flight no longer count. */
  dispose(): void {
    if (this.#disposed) return
    this.#machine.retire()
    this.#gate.dispose()
    this.#breaker.dispose?.()
  }

  /** Notifies the breaker where no transition does. */
  #forgetting(forget: (now: number) => void): void {
    const now = this.#now
    const wasClosed = this.#machine.isClosed
    forget(now)
    if (wasClosed && this.#machine.isClosed) notify((at) => this.#breaker.forgot?.(at), now)
  }

  get #disposed(): boolean {
    return this.#machine.isRetired
  }

  get #now(): number {
    return this.#gate.clock.now()
  }

  /**
   * @internal Queued, so that everybody hears of transitions in the same order, even if a listener resets the circuit.
   */
  transitioned(transition: CircuitTransition): void {
    this.#changedAt = Math.round(transition.at)
    if (this.#announcing !== undefined) {
      this.#announcing.push(transition)
      return
    }
    const announcing = (this.#announcing = [transition])
    for (const next of announcing) {
      notify((told) => this.#breaker.transitioned?.(told), next)
      if (this.#onTransition !== undefined) notify(this.#onTransition, next)
    }
    this.#announcing = undefined
  }

  /** @internal Called by its state machine. */
  failuresChanged(consecutive: number): void {
    if (this.#onFailures !== undefined) notify(this.#onFailures, consecutive)
  }
}

/** @throws {@link InvalidOptionError} when the service has no circuit */
export function requiredCircuit(circuit: Circuit | undefined, service: string): Circuit {
  if (circuit !== undefined) return circuit
  throw new InvalidOptionError('circuit', `enabled on service '${service}' to be isolated, exported or imported`, false)
}

const SNAPSHOT_STATES: ReadonlySet<unknown> = new Set(['closed', 'open', 'half_open'])

function checkSnapshot(snapshot: CircuitSnapshot, policy: ResolvedCircuitPolicy): void {
  if (typeof snapshot !== 'object' || snapshot === null || !SNAPSHOT_STATES.has(snapshot.state)) {
    throw new InvalidOptionError('snapshot', 'what exportCircuit() returned', snapshot)
  }
  const { failureThreshold, successThreshold, recoveryTimeoutMs, recoveryBackoff } = policy
  const longestMs = recoveryBackoff?.maxMs ?? recoveryTimeoutMs
  numberOption('snapshot.failures', snapshot.failures, { min: 0, max: failureThreshold - 1, integer: true }, 0)
  numberOption('snapshot.successes', snapshot.successes, { min: 0, max: successThreshold - 1, integer: true }, 0)
  numberOption('snapshot.remainingMs', snapshot.remainingMs, { min: 0, max: longestMs }, 0)
  numberOption('snapshot.openings', snapshot.openings, { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true }, 0)
}
