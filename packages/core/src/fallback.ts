import type { AbortSource } from './abort-source.ts'
import type { AttemptEnd, CallContext } from './attempt.ts'
import { DeadlineQueue } from './deadline.ts'
import type { ResolvedServiceProxyOptions } from './service-proxy-options.ts'

/**
 * Gives an answer in place of the service's, or throws an error of its own.
 * @param error what went wrong
 * @param context its signal aborts at the fallback's own deadline, or when the caller gives up
 */
export type Fallback<R> = (error: unknown, context: CallContext) => R | PromiseLike<R>

/** A fallback that is needed now, because of `error`. */
export interface FallbackNeeded<R> {
  readonly serviceName: string
  readonly error: unknown
  readonly fallback: Fallback<R>
  /** The caller's, if it gave one. */
  readonly signal: AbortSource | undefined
}

/**
 * What the fallback answers in time. Its own error, if it throws one, has the first one as its cause; at its deadline the
 * first one is the caller's after all, for that says what is wrong.
 */
export function answerInstead<R>(
  { clock, fallbackTimeoutMs }: Pick<ResolvedServiceProxyOptions<unknown>, 'clock' | 'fallbackTimeoutMs'>,
  { serviceName, error, fallback, signal }: FallbackNeeded<R>,
): Promise<R> {
  const deadlines = DeadlineQueue.join(clock, fallbackTimeoutMs)
  let end: AttemptEnd | undefined
  const answer = deadlines.run<R>(serviceName, {
    startedAt: clock.now(),
    signal,
    run: (context) => fallback(error, context),
    settled: (ended) => (end = ended),
  })
  // Its timer stays as long as the fallback runs.
  deadlines.leave()
  return answer.catch((fallbackError: unknown) => {
    if (end === 'timeout') throw error
    throw end === 'aborted' ? fallbackError : withCause(fallbackError, error)
  })
}

function withCause(error: unknown, cause: unknown): unknown {
  if (error instanceof Error && error !== cause && error.cause === undefined && Object.isExtensible(error)) {
    Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true })
  }
  return error
}
