import type { Attempt, AttemptEnd, Outcome } from '../attempts/attempt.ts'
import type { Clock } from '../clock.ts'
import type { AttemptObserver, DeadlineQueue } from '../attempts/deadline.ts'
import { CircuitOpenError, isRefusal, isSvcproxyError, isMisuseOf, refusal } from '../errors.ts'
import type { Admission, BreakerContext } from './breaker.ts'
import type { ResolvedCircuitPolicy } from './policy.ts'
import type { CircuitStateMachine, Permit } from './state-machine.ts'

/** What the breaker sees of its circuit: the way in, past the state machine and under the deadline. */
export class CircuitGate implements BreakerContext {
  readonly name: string
  readonly policy: ResolvedCircuitPolicy
  readonly clock: Clock
  readonly #machine: CircuitStateMachine
  readonly #deadlines: DeadlineQueue
  #admission: PermitAdmission | undefined
  /** What the last attempt failed with that counted. Set before the transition it causes. */
  lastError: unknown

  constructor(name: string, policy: ResolvedCircuitPolicy, machine: CircuitStateMachine, deadlines: DeadlineQueue) {
    this.name = name
    this.policy = policy
    this.clock = deadlines.clock
    this.#machine = machine
    this.#deadlines = deadlines
  }

  admit(now: number): Admission | undefined {
    const permit = this.#machine.acquire(now)
    if (permit === undefined) return undefined
    // While closed the permit stays the same, and so does what wraps it.
    if (this.#admission?.permit !== permit) {
      this.#admission = new PermitAdmission(permit, this.#machine, this)
    }
    return this.#admission
  }

  refuse(attempt: Attempt<unknown>): CircuitOpenError {
    const now = this.clock.now()
    const retryAfterMs = this.#machine.retryAfterMs(now)
    const error = refusal(() => new CircuitOpenError(this.name, retryAfterMs))
    attempt.settled?.('refused', error, now, 'ignored')
    return error
  }

  run<R>(attempt: Attempt<R>, observer: AttemptObserver): Promise<R> {
    return this.#deadlines.run(this.name, attempt, observer)
  }
}

class PermitAdmission implements Admission {
  readonly permit: Permit
  readonly #machine: CircuitStateMachine
  readonly #gate: CircuitGate

  constructor(permit: Permit, machine: CircuitStateMachine, gate: CircuitGate) {
    this.permit = permit
    this.#machine = machine
    this.#gate = gate
  }

  settled(end: AttemptEnd, result: unknown, now: number): Outcome {
    const outcome = isMisuseOf(this.#gate.name, result) ? 'ignored' : outcomeOf(end, result, this.#gate.policy)
    if (outcome === 'failure') this.#gate.lastError = result
    this.#machine.settle(this.permit, outcome, now)
    return outcome
  }

  restarted(now: number): void {
    this.#machine.renew(this.permit, now)
  }
}

/** What the end of an attempt says about the service. */
export function outcomeOf(end: AttemptEnd, error: unknown, policy: ResolvedCircuitPolicy): Outcome {
  if (end === 'fulfilled') return 'success'
  if (end === 'timeout') return 'failure'
  if (end === 'aborted' || end === 'refused') return 'ignored'
  // A proxy that was asked for by the operation refused to try: nothing was learned about this service.
  if (isRefusal(error)) return 'ignored'
  try {
    // Not by truthiness: one that forgets to answer must not keep the circuit from ever opening.
    const isFailure: unknown = policy.isFailure(error)
    if (isFailure !== false) return 'failure'
    // The service answered, though not what was wanted. An error of ours is no answer of the service.
    return isSvcproxyError(error) ? 'ignored' : 'success'
  } catch {
    return 'failure'
  }
}
