import type { CircuitState } from '@svcproxy/core'
import type { Attempt, BreakerContext, CircuitBreaker, CircuitTransition } from '@svcproxy/core/adapter'
import { AnnouncedAttempt } from './announced-attempt.ts'
import { type BucketRotation, Buckets } from './bucket-rotation.ts'
import { MirroredCircuit } from './mirrored-circuit.ts'

/**
 * The breaker of one service. opossum's is made when it is first needed, by a call or by somebody who looks at it:
 * most of an app's services may be idle, and opossum's breaker is larger than all the rest of a proxy.
 */
export class LazyCircuit implements CircuitBreaker {
  readonly #context: BreakerContext
  readonly #rotation: BucketRotation
  readonly #onDispose: (circuit: LazyCircuit) => void
  #state: CircuitState = 'closed'
  #opossum: MirroredCircuit | undefined

  constructor(context: BreakerContext, rotation: BucketRotation, onDispose: (circuit: LazyCircuit) => void) {
    this.#context = context
    this.#rotation = rotation
    this.#onDispose = onDispose
  }

  get name(): string {
    return this.#context.name
  }

  /** Made with the state the circuit has now; what happened before was announced to nobody. */
  get opossum(): MirroredCircuit {
    this.#opossum ??= new MirroredCircuit(this.#context, this.#state, new Buckets(this.#rotation))
    return this.#opossum
  }

  execute<R>(attempt: Attempt<R>): Promise<R> {
    const admission = this.#context.admit(attempt.startedAt)
    if (admission === undefined) {
      this.opossum.announceRefusal()
      return Promise.reject(this.#context.refuse(attempt))
    }
    const announced = new AnnouncedAttempt(this.opossum, admission, attempt.startedAt)
    announced.announceStart()
    return this.#context.run(attempt, announced)
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
