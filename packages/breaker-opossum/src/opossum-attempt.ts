import type { Admission, Attempt, AttemptEnd, AttemptObserver, BreakerContext, Outcome } from '@svcproxy/core'

/** Where opossum's events are emitted. */
interface Emitter {
  emit(event: 'timeout', error: unknown, latencyMs: number, args: readonly unknown[]): unknown
}

/**
 * One admitted attempt on its way through opossum: the argument opossum is fired with, and the ear that hears how the
 * attempt ended before opossum does. Everything in it is private, for listeners of opossum's events receive it.
 */
export class OpossumAttempt<R = unknown> implements AttemptObserver {
  readonly #context: BreakerContext
  readonly #attempt: Attempt<R>
  readonly #admission: Admission
  readonly #circuit: Emitter
  #answer: Promise<R> | undefined
  #outcome: Outcome | undefined

  constructor(context: BreakerContext, attempt: Attempt<R>, admission: Admission, circuit: Emitter) {
    this.#context = context
    this.#attempt = attempt
    this.#admission = admission
    this.#circuit = circuit
  }

  /** Runs the attempt unless it was run already; the answer its caller gets. */
  run(): Promise<R> {
    this.#answer ??= this.#context.run(this.#attempt, this)
    return this.#answer
  }

  /** It ended with an error that says nothing about the service, which opossum calls a filtered error. */
  get filtered(): boolean {
    return this.#outcome === 'ignored'
  }

  settled(end: AttemptEnd, result: unknown, now: number): Outcome {
    const outcome = this.#admission.settled(end, result, now)
    this.#outcome = outcome
    // As opossum does when it keeps the time itself: 'timeout' first, 'failure' with the rejection that follows.
    if (end === 'timeout') this.#circuit.emit('timeout', result, now - this.#attempt.startedAt, [this])
    return outcome
  }
}
