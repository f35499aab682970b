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

/** What a {@link Circuit} is made from. */
export interface CircuitOptions {
  /** The service's name, for errors. */
  readonly name: string
  /** By what it decides. */
  readonly policy: ResolvedCircuitPolicy
  /** Makes what runs the attempts that it admits. */
  readonly breaker: BreakerFactory
  /** By which it decides, and by which attempts run past their deadline. */
  readonly clock: Clock
  /** Called after each change of state, when the new one is in force. What it throws changes nothing. */
  readonly onTransition?: (transition: CircuitTransition) => void
  /** Called when the consecutive failures change: with one more, or 0 after a success. What it throws changes nothing. */
  readonly onFailures?: (consecutive: number) => void
}

/** How something that decides for several processes holds a circuit open. */
export interface CircuitHold {
  /** What that is, in a word; operators are shown it. */
  readonly by: string
  /** When callers may try again, in milliseconds from now, as far as is known. */
  readonly retryAfterMs: number
  /**
   * When it makes its own trials if nobody has said more, in milliseconds from now.
   * @throws {@link InvalidOptionError} when not in `retryAfterMs` … 2 147 483 647
   */
  readonly endsInMs: number
}

/** What decides for several processes does with the circuit of one. */
export type SharedCircuit = Pick<Circuit, 'heldBy' | 'hold' | 'admitTrials' | 'letGo'>

/**
 * The circuit of one service. Three parts, each with one job: the state machine decides, the deadline queue runs and
 * ends an attempt in time, the breaker stands between them and shows its library's users what happens.
 */
export class Circuit implements CircuitObserver {
  readonly #machine: CircuitStateMachine
  readonly #breaker: CircuitBreaker
  readonly #gate: CircuitGate
  readonly #onTransition: ((transition: CircuitTransition) => void) | undefined
  readonly #onFailures: ((consecutive: number) => void) | undefined
  #announcing: CircuitTransition[] | undefined
  /** To the millisecond: a small integer takes no memory of its own. */
  #changedAt: number

  constructor({ name, policy, breaker, clock, onTransition, onFailures }: CircuitOptions) {
    this.#onTransition = onTransition
    this.#onFailures = onFailures
    this.#machine = new CircuitStateMachine(policy, this)
    this.#changedAt = Math.round(clock.now())
    this.#gate = new CircuitGate(name, policy, this.#machine, DeadlineQueue.join(clock, policy.timeoutMs))
    this.#breaker = breaker(this.#gate)
  }

  /** By what it decides. */
  get policy(): ResolvedCircuitPolicy {
    return this.#gate.policy
  }

  /** The state now: an open circuit whose time is over is found half-open. */
  get state(): CircuitState {
    return this.#machine.state(this.#now)
  }

  /** {@link Clock.now} when it entered the state it is in; when it was made, if it never left its first. */
  get changedAt(): number {
    return this.#changedAt
  }

  /** What the last failure that counted failed with; undefined before the first. Told before the transition it causes. */
  get lastError(): unknown {
    return this.#gate.lastError
  }

  /** Whether it decides and refuses nothing. */
  get isObserving(): boolean {
    return this.policy.mode === 'observe'
  }

  /** In `observe` mode: how many attempts it would have refused. */
  get wouldReject(): number {
    return this.#gate.wouldReject ?? 0
  }

  /** In `observe` mode: a `get()` begins, which is no attempt; an open circuit would refuse it. */
  observe(): void {
    if (this.isObserving && this.state === 'open') this.#gate.wouldHaveRefused()
  }

  /** Where the windows of its rules stand; nothing while it is not closed. */
  get rates(): readonly RateStatus[] {
    return this.#machine.rates(this.#now)
  }

  /** The rest of the ramp after a close, in milliseconds; 0 when there is none. */
  get rampLeftMs(): number {
    return this.#machine.rampLeftMs(this.#now)
  }

  /** Whether it is closed, without a look at the clock: no passing of time changes that. */
  get isClosed(): boolean {
    return this.#machine.isClosed
  }

  /** The state at `now`, for callers that have read the clock already. */
  stateAt(now: number): CircuitState {
    return this.#machine.state(now)
  }

  /** The state at `now` by which attempts are treated: closed also where the circuit only observes. */
  enforcedAt(now: number): CircuitState {
    const state = this.#machine.state(now)
    return this.isObserving && state !== 'isolated' ? 'closed' : state
  }

  /** How long until a call may be admitted, in milliseconds: 0 when it would be now, undefined while isolated. */
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

  /** Closes the circuit and forgets what it counted. An isolated circuit stays isolated. */
  reset(cause: Cause = 'process'): void {
    if (!this.#disposed) this.#forgetting((now) => this.#machine.reset(now, cause))
  }

  /** Holds the circuit open until the handle is disposed. Several handles hold it until the last of them is. */
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

  /** What holds it open, or has it make its trials, for several processes; undefined when nothing does. */
  get heldBy(): string | undefined {
    return this.#machine.heldBy
  }

  /**
   * Opens it for what others have seen, or holds it on. An isolated circuit stays isolated.
   * @throws {@link InvalidOptionError}
   */
  hold({ by, retryAfterMs, endsInMs }: CircuitHold): void {
    const times = { min: 0, max: MAX_TIMER_MS }
    requiredNumber('hold.retryAfterMs', retryAfterMs, times)
    requiredNumber('hold.endsInMs', endsInMs, { ...times, min: retryAfterMs })
    const now = this.#now
    if (!this.#disposed) this.#machine.hold({ by, retryAt: now + retryAfterMs }, now + endsInMs, now)
  }

  /** A held circuit is the one that makes the trials: it is half-open. How they end is its own to say. */
  admitTrials(): void {
    if (!this.#disposed) this.#machine.admitTrials(this.#now)
  }

  /**
   * The service is well, as others have seen: a held circuit closes, with its ramp. One that had opened by itself is
   * half-open in place of that, and sees for itself.
   */
  letGo(): void {
    if (!this.#disposed) this.#machine.letGo(this.#now)
  }

  /** The state as plain data, with remaining time in place of points in time. */
  exportState(): CircuitSnapshot {
    return this.#machine.exportState(this.#now)
  }

  /**
   * Takes over an exported state.
   * @throws {@link InvalidOptionError} when it is not of the form that {@link Circuit.exportState} gives
   */
  importState(snapshot: CircuitSnapshot): void {
    checkSnapshot(snapshot, this.policy)
    if (!this.#disposed) this.#forgetting((now) => this.#machine.importState(snapshot, now))
  }

  /** Ends it: no attempt is admitted any more, and what is under way changes nothing when it settles. */
  dispose(): void {
    if (this.#disposed) return
    this.#machine.retire()
    this.#gate.dispose()
    this.#breaker.dispose?.()
  }

  /** Has the breaker hear of it where no transition tells. */
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

  /** @internal In order, to everybody: a listener that resets the circuit must not have the next one hear of the reset first. */
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

  /** @internal Heard from its state machine. */
  failuresChanged(consecutive: number): void {
    if (this.#onFailures !== undefined) notify(this.#onFailures, consecutive)
  }
}

/** @throws {@link InvalidOptionError} when the service has none */
export function requiredCircuit(circuit: Circuit | undefined, service: string): Circuit {
  if (circuit !== undefined) return circuit
  throw new InvalidOptionError('circuit', `enabled on service '${service}' to be isolated, exported or imported`, false)
}

const SNAPSHOT_STATES: ReadonlySet<unknown> = new Set(['closed', 'open', 'half_open'])

function checkSnapshot(snapshot: CircuitSnapshot, policy: ResolvedCircuitPolicy): void {
  if (typeof snapshot !== 'object' || snapshot === null || !SNAPSHOT_STATES.has(snapshot.state)) {
    throw new InvalidOptionError('snapshot', 'what exportState() returned', snapshot)
  }
  const { failureThreshold, successThreshold, recoveryTimeoutMs, recoveryBackoff } = policy
  const longestMs = recoveryBackoff?.maxMs ?? recoveryTimeoutMs
  numberOption('snapshot.failures', snapshot.failures, { min: 0, max: failureThreshold - 1, integer: true }, 0)
  numberOption('snapshot.successes', snapshot.successes, { min: 0, max: successThreshold - 1, integer: true }, 0)
  numberOption('snapshot.remainingMs', snapshot.remainingMs, { min: 0, max: longestMs }, 0)
  numberOption('snapshot.openings', snapshot.openings, { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true }, 0)
}
