import type { CircuitState } from '@svcproxy/core'
import type { Attempt, BreakerContext, CircuitBreaker, CircuitTransition } from '@svcproxy/core/adapter'
import { AnnouncedAttempt, type Announcer } from './announced-attempt.ts'
import { MirroredCircuit } from './mirrored-circuit.ts'
import type { StatisticsWindow } from './statistics-window.ts'

/**
 * The breaker of one service. opossum's breaker is created when it is first needed, by a call or by code that reads it:
 * most of an application's services may be idle, and opossum's breaker is larger than the rest of a proxy.
 */
export abstract class LazyCircuit implements CircuitBreaker {
  protected readonly context: BreakerContext
  readonly #onDispose: (circuit: LazyCircuit) => void
  #state: CircuitState = 'closed'
  #opossum: MirroredCircuit | undefined

  constructor(context: BreakerContext, onDispose: (circuit: LazyCircuit) => void) {
    this.context = context
    this.#onDispose = onDispose
  }

  get name(): string {
    return this.context.name
  }

  /** Created with the current state of the circuit; earlier events are not emitted. */
  get opossum(): MirroredCircuit {
    this.#opossum ??= new MirroredCircuit(this.context, this.#state, this.makeWindow())
    return this.#opossum
  }

  /** The state that the circuit last reported. */
  protected get state(): CircuitState {
    return this.#state
  }

  /** Creates the window in which opossum's breaker counts. */
  protected abstract makeWindow(): StatisticsWindow

  /** Emits events for a call that the circuit admits now. */
  protected abstract get announcer(): Announcer

  execute<R>(attempt: Attempt<R>): Promise<R> {
    const admission = this.context.admit(attempt)
    if (admission === undefined) {
      this.announceRefusal()
      return Promise.reject(this.context.refuse(attempt))
    }
    const announced = new AnnouncedAttempt(this.announcer, admission, attempt.startedAt)
    announced.announceStart()
    return this.context.run(attempt, announced)
  }

  protected announceRefusal(): void {
    this.opossum.announceRefusal()
  }

  transitioned({ to }: CircuitTransition): void {
    this.#state = to
    this.#opossum?.show(to)
  }

  dispose(): void {
    this.#opossum?.dispose()
    this.#onDispose(this)
  }
}
