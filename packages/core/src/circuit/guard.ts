import type { Attempt } from '../attempts/attempt.ts'
import { DeadlineQueue } from '../attempts/deadline.ts'
import type { Clock } from '../clock.ts'
import type { Circuit } from './circuit.ts'

/** What protects the calls of a service: its deadline, and its circuit if it has one. */
export class Guard {
  readonly circuit: Circuit | undefined
  readonly #serviceName: string
  readonly #deadlines: DeadlineQueue
  constructor(
    serviceName: string,
    circuit: Circuit | undefined,
    deadline: { readonly clock: Clock; readonly timeoutMs: number },
  ) {
    this.circuit = circuit
    this.#serviceName = serviceName
    this.#deadlines = DeadlineQueue.join(deadline.clock, deadline.timeoutMs)
  }

  /**
   * Runs an attempt if the circuit admits it.
   * @throws as the circuit and the deadline do, and as the attempt rejects
   */
  execute<R>(attempt: Attempt<R>): Promise<R> {
    return this.circuit === undefined ? this.executeInTime(attempt) : this.circuit.execute(attempt)
  }

  /**
   * Runs an attempt without asking the circuit: one that says nothing about the service, or is part of an admitted one.
   */
  executeInTime<R>(attempt: Attempt<R>): Promise<R> {
    return this.#deadlines.run(this.#serviceName, attempt)
  }

  /** Whether it certainly rejects no attempt, at any time. */
  get isClosed(): boolean {
    return this.circuit === undefined || this.circuit.isClosed
  }

  /** Whether it certainly rejects an attempt that begins at `now`. */
  refusesAt(now: number): boolean {
    const state = this.circuit?.enforcedAt(now)
    return state === 'open' || state === 'isolated'
  }

  /** Whether it admits every attempt at `now`, and none of them as a trial. */
  letsThroughAt(now: number): boolean {
    return this.circuit === undefined || this.circuit.enforcedAt(now) === 'closed'
  }

  /** Whether an attempt that begins at `now` is a trial of the circuit, if it is admitted. */
  isTrialAt(now: number): boolean {
    return this.circuit?.enforcedAt(now) === 'half_open'
  }

  dispose(): void {
    this.circuit?.dispose()
    this.#deadlines.leave()
  }
}
