import type { AbortSource } from './abort-source.ts'

/** The second argument of an operation, after the service. */
export interface CallContext {
  /**
   * Aborts at the deadline of this attempt, or with the caller's reason when the caller aborts. Pass it on to whatever
   * the operation does. Each attempt has its own signal; it is created when it is first read.
   */
  readonly signal: AbortSignal
}

/** The context of an {@link Attempt}'s work, which may also restart the deadline. */
export interface AttemptContext extends CallContext {
  /**
   * Restarts the deadline: it counts from {@link Attempt.startedAt} as it is now. For an attempt whose second part has
   * its own deadline: a trial that has checked its instance and now runs the call. Does nothing once the attempt has
   * ended.
   */
  restartDeadline(): void
}

/**
 * How an attempt ended for its caller: the operation `fulfilled` or `rejected`, its deadline passed (`timeout`), the
 * caller aborted (`aborted`), or the circuit did not admit it (`refused`).
 */
export type AttemptEnd = 'fulfilled' | 'rejected' | 'timeout' | 'aborted' | 'refused'

/** What the end of an attempt says about the service; `ignored` says nothing. */
export type Outcome = 'success' | 'failure' | 'ignored'

/**
 * One attempt to run work on a service: the work, its start, its caller's signal, and whom to notify. One object
 * instead of several callbacks, so that a call costs a single allocation.
 */
export interface Attempt<R> {
  /** {@link Clock.now} when it was created, or when its second part began. The deadline counts from here. */
  readonly startedAt: number
  /** The caller's signal, if there is one. */
  readonly signal?: AbortSource | undefined
  /** Its own deadline, in milliseconds. @defaultValue the deadline of the service */
  readonly timeoutMs?: number | undefined
  /** Which of its errors are failures of the service. @defaultValue the circuit's `isFailure` */
  readonly isFailure?: ((error: unknown) => boolean) | undefined
  /**
   * Whether it loads the instance that all calls need: the ramp after the circuit closes does not apply to it.
   * @defaultValue false
   */
  readonly isLoad?: boolean | undefined
  /** The work. Called at most once, and not at all if the attempt is refused. */
  run(context: AttemptContext): R | PromiseLike<R>
  /**
   * Called exactly once, when the attempt has ended for its caller and before its promise settles.
   * @param result the value when `fulfilled`, else the error
   */
  settled?(end: AttemptEnd, result: unknown, now: number, outcome: Outcome): void
  /**
   * Called exactly once for each {@link Attempt.run}, when the work has really ended: after {@link Attempt.settled},
   * and later than that if the deadline passed or the caller aborted.
   */
  ended?(): void
}
