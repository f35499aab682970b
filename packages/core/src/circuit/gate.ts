import type { Attempt, AttemptEnd, Outcome } from '../attempts/attempt.ts'
import type { Clock } from '../clock.ts'
import type { AttemptObserver, DeadlineQueue } from '../attempts/deadline.ts'
import { outcomeOf } from '../attempts/outcome.ts'
import { CircuitOpenError, isMisuseOf, refusal } from '../errors.ts'
import type { Admission, BreakerContext } from './breaker.ts'
import type { ResolvedCircuitPolicy } from './policy.ts'
import type { CircuitStateMachine, Permit } from './state-machine.ts'

/** What the breaker sees of its circuit: admission by the state machine, and execution under the deadline. */
export class CircuitGate implements BreakerContext {
  readonly name: string
  readonly policy: ResolvedCircuitPolicy
  readonly #machine: CircuitStateMachine
  readonly #deadlines: DeadlineQueue
  #admission: PermitAdmission | undefined
  /** In `observe` mode: how often it would have rejected. The field exists from the first time on. */
  declare wouldReject?: number
  /**
   * The error of the last failure that counted. The field exists from then on; it is set before the transition it
   * causes.
   */
  declare lastError?: unknown

  constructor(name: string, policy: ResolvedCircuitPolicy, machine: CircuitStateMachine, deadlines: DeadlineQueue) {
    this.name = name
    this.policy = policy
    this.#machine = machine
    this.#deadlines = deadlines
  }

  get clock(): Clock {
    return this.#deadlines.clock
  }

  admit(attempt: Attempt<unknown>): Admission | undefined {
    const permit = this.#machine.acquire(attempt.startedAt, attempt.timeoutMs, attempt.isLoad)
    if (permit === undefined) return this.#observes() ? this.#admitUnasked() : undefined
    // While closed, the permit stays the same, and so does its wrapper.
    if (this.#admission?.permit !== permit) {
      this.#admission = new PermitAdmission(permit, this.#machine, this)
    }
    return this.#admission
  }

  refuse(attempt: Attempt<unknown>): CircuitOpenError {
    const now = this.clock.now()
    // A rejection during the ramp says when all calls are admitted again.
    const retryAfterMs = this.#machine.rampLeftMs(now) || this.#machine.retryAfterMs(now)
    const error = refusal(() => new CircuitOpenError(this.name, retryAfterMs))
    attempt.settled?.('refused', error, now, 'ignored')
    return error
  }

  run<R>(attempt: Attempt<R>, observer: AttemptObserver): Promise<R> {
    return this.#deadlines.run(this.name, attempt, observer)
  }

  trip(now: number): void {
    this.#machine.trip(now)
  }

  wouldHaveRefused(): void {
    this.wouldReject = (this.wouldReject ?? 0) + 1
  }

  dispose(): void {
    this.#deadlines.leave()
  }

  #observes(): boolean {
    return this.policy.mode === 'observe' && !this.#machine.isIsolated
  }

  /** Bypasses the machine: it would have rejected the attempt, and so is not told of the outcome. */
  #admitUnasked(): Admission {
    this.wouldHaveRefused()
    return new PermitAdmission(undefined, this.#machine, this)
  }
}

class PermitAdmission implements Admission {
  /** Undefined: no permit was granted. */
  readonly permit: Permit | undefined
  readonly #machine: CircuitStateMachine
  readonly #gate: CircuitGate

  constructor(permit: Permit | undefined, machine: CircuitStateMachine, gate: CircuitGate) {
    this.permit = permit
    this.#machine = machine
    this.#gate = gate
  }

  settled(end: AttemptEnd, result: unknown, now: number, attempt: Attempt<unknown>): Outcome {
    const isFailure = attempt.isFailure ?? this.#gate.policy.isFailure
    const outcome = isMisuseOf(this.#gate.name, result) ? 'ignored' : outcomeOf(end, result, isFailure)
    if (outcome === 'failure') this.#gate.lastError = result
    if (this.permit !== undefined) this.#machine.settle(this.permit, outcome, now, now - attempt.startedAt)
    return outcome
  }

  restarted(now: number): void {
    if (this.permit !== undefined) this.#machine.renew(this.permit, now)
  }
}
