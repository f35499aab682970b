import type { AbortSource } from '../attempts/abort-source.ts'
import type { AttemptEnd } from '../attempts/attempt.ts'
import { DeadlineQueue } from '../attempts/deadline.ts'
import type { ServiceContext } from '../instances/service-context.ts'
import type { TracedCall } from '../observing/call-trace.ts'
import type { Fallback } from '../options/service-proxy-options.ts'

/** A request that failed with `error`, and the fallback that is to answer it. */
export interface FallbackNeeded<R> {
  readonly error: unknown
  readonly fallback: Fallback<R>
  /** The caller's signal, if there is one. */
  readonly signal: AbortSource | undefined
  readonly trace: TracedCall | undefined
}

/**
 * Runs a fallback under its deadline. If it throws, its error has the original error as its cause. If it times out, the
 * caller gets the original error, because that says what is wrong.
 */
export async function answerInstead<T, R>(
  { proxy, settings, counters, events }: ServiceContext<T>,
  { error, fallback, signal, trace }: FallbackNeeded<R>,
): Promise<R> {
  const { clock, fallbackTimeoutMs } = settings
  const deadlines = DeadlineQueue.join(clock, fallbackTimeoutMs)
  let end: AttemptEnd | undefined
  const answering = deadlines.run<R>(proxy.name, {
    startedAt: clock.now(),
    signal,
    run: (context) => fallback(error, context),
    settled: (ended) => (end = ended),
  })
  // Its timer stays armed as long as the fallback runs.
  deadlines.leave()
  const answer = await answering.catch((fallbackError: unknown) => {
    if (end === 'timeout') throw error
    throw end === 'aborted' ? fallbackError : withCause(fallbackError, error)
  })
  counters.fallbacks++
  trace?.found('fallback')
  events.emit({ type: 'fallback', service: proxy.name, error })
  return answer
}

function withCause(error: unknown, cause: unknown): unknown {
  if (error instanceof Error && error !== cause && error.cause === undefined && Object.isExtensible(error)) {
    Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true })
  }
  return error
}
