import type { AbortSource } from './abort-source.ts'

/** What an operation is given beside the service. */
export interface CallContext {
  /**
   * Aborts at the deadline of this attempt, or when the caller aborts, with the reason; pass it on to whatever the
   * operation does. Every attempt has one of its own; it is made when it is first read.
   */
  readonly signal: AbortSignal
}

/** What the work of an {@link Attempt} is given: its context, and a say in its deadline. */
export interface AttemptContext extends CallContext {
  /**
   * The attempt goes on to a part that has a deadline of its own, which counts from {@link Attempt.startedAt} as it is
   * now: a trial has checked its instance and begins to work on it. Does nothing once the attempt was answered.
   */
  restartDeadline(): void
}

/**
 * How an attempt was answered: the operation `fulfilled` or `rejected`, its deadline passed (`timeout`), the caller
 * gave up (`aborted`), or the circuit did not admit it (`refused`).
 */
export type AttemptEnd = 'fulfilled' | 'rejected' | 'timeout' | 'aborted' | 'refused'

/** What an attempt says about the service: `ignored` says nothing. */
export type Outcome = 'success' | 'failure' | 'ignored'

/**
 * One attempt at a service: what to run, since when, on whose behalf, and whom to tell. An object rather than a handful
 * of callbacks, so that a call costs one allocation.
 */
export interface Attempt<R> {
  /** {@link Clock.now} when it was made, or when its second part began. The deadline counts from here. */
  readonly startedAt: number
  /** The caller's signal, if it gave one. */
  readonly signal?: AbortSource | undefined
  /** Its deadline, in milliseconds, if it is not the service's. */
  readonly timeoutMs?: number | undefined
  /** Which errors of its work say that the service is unwell, if it is not the circuit that judges. */
  readonly isFailure?: ((error: unknown) => boolean) | undefined
  /** It gets the instance that calls need: the ramp after a close is not for it. @defaultValue false */
  readonly isLoad?: boolean | undefined
  /** The work. Called at most once; not at all when the attempt is refused. */
  run(context: AttemptContext): R | PromiseLike<R>
  /**
   * Called exactly once, at the moment the caller is answered and before its promise settles.
   * @param result the value when `fulfilled`, else the error
   */
  settled?(end: AttemptEnd, result: unknown, now: number, outcome: Outcome): void
  /**
   * Called exactly once for each {@link Attempt.run}, when the work has really ended: after {@link Attempt.settled}, and
   * after a deadline that is later.
   */
  ended?(): void
}
