import type { Admission, Attempt, AttemptEnd, AttemptObserver, BreakerContext, Outcome } from '@svcproxy/core'

/** The opossum breaker that counts an attempt. */
interface Counting {
  /** Something is about to be counted. */
  fillBucket(): void
  emit(event: 'timeout', error: unknown, latencyMs: number, args: readonly unknown[]): unknown
  /** Runs `count`, with which opossum counts a failure, and has it draw no conclusion from it. */
  withoutPolicy(count: () => void): void
  /** `what` threw, and changes nothing by it. */
  report(what: string, error: unknown): void
}

/**
 * One admitted attempt on its way through opossum: the argument opossum is fired with, the ear that hears how the
 * attempt ended before opossum does, and what opossum's action returns. Everything in it is private, for listeners of
 * opossum's events receive it.
 *
 * opossum calls `then` and `catch` on it as on a promise, and is told at once when the attempt ends: without the promises
 * that a promise would derive, and without their microtasks.
 */
export class OpossumAttempt<R = unknown> implements AttemptObserver {
  readonly #context: BreakerContext
  readonly #attempt: Attempt<R>
  readonly #admission: Admission
  readonly #circuit: Counting
  #answer: Promise<R> | undefined
  #counted: Promise<unknown> | undefined
  #outcome: Outcome | undefined
  #onFulfilled: (value: unknown) => void = ignore
  #onRejected: (error: unknown) => void = ignore

  constructor(context: BreakerContext, attempt: Attempt<R>, admission: Admission, circuit: Counting) {
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

  // oxlint-disable-next-line unicorn/no-thenable -- that is what opossum asks of an action's result
  then(onFulfilled: (value: unknown) => void): this {
    // A listener that awaits the argument of a call waits forever: nobody but opossum is told.
    if (this.#counted === undefined) this.#onFulfilled = onFulfilled
    return this
  }

  catch(onRejected: (error: unknown) => void): this {
    if (this.#counted === undefined) this.#onRejected = onRejected
    return this
  }

  /** opossum listens from now on; `counted` is the promise it made for itself. */
  handedOver(counted: Promise<unknown>): void {
    this.#counted = counted
  }

  /** It ended with an error that says nothing about the service, which opossum calls a filtered error. */
  get filtered(): boolean {
    return this.#outcome === 'ignored'
  }

  settled(end: AttemptEnd, result: unknown, now: number): Outcome {
    const outcome = this.#admission.settled(end, result, now)
    this.#outcome = outcome
    if (this.#counted === undefined) this.#tellSoon(end, result, now)
    else this.#tell(end, result, now)
    return outcome
  }

  /** It was given up before it began: opossum is still starting it, and does not listen yet. */
  #tellSoon(end: AttemptEnd, result: unknown, now: number): void {
    queueMicrotask(() => this.#tell(end, result, now))
  }

  #tell(end: AttemptEnd, result: unknown, now: number): void {
    this.#circuit.fillBucket()
    try {
      if (end === 'fulfilled') this.#onFulfilled(result)
      else this.#tellFailure(end, result, now)
    } catch (error) {
      this.#circuit.report('A listener', error)
    }
  }

  #tellFailure(end: AttemptEnd, error: unknown, now: number): void {
    // What opossum's own promise is rejected with, the caller gets from the answer.
    this.#counted?.catch(ignore)
    // As opossum does when it keeps the time itself: 'timeout' first, then 'failure'.
    if (end === 'timeout') this.#circuit.emit('timeout', error, now - this.#attempt.startedAt, [this])
    this.#circuit.withoutPolicy(() => this.#onRejected(error))
  }
}

function ignore(): void {}
