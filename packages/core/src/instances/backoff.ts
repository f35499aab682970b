import { ServiceUnavailableError } from '../errors.ts'
import type { ResolvedServiceProxyOptions } from '../options/service-proxy-options.ts'

/** The last failed load. During its back-off no new load starts: callers get its error, or a stale instance. */
export interface LoadFailure {
  readonly error: unknown
  readonly count: number
  /** {@link Clock.now} of the first failure of the series. */
  readonly since: number
  /** The {@link ServiceLoader.lateAnswers} at that time: when it has grown, the back-off is over. */
  readonly lateAnswers: number
  readonly retryAt: number
}

/** The settings of the back-off. */
export type BackoffSettings = Pick<
  ResolvedServiceProxyOptions<unknown>,
  'clock' | 'random' | 'backoffInitialMs' | 'backoffMaxMs'
>

/**
 * The longest back-off, as a fraction of the time for which loads have failed, so that recovery takes a fraction of the
 * outage.
 */
const OUTAGE_RATIO = 0.25

/** The next failure of the series; its back-off is at most twice as long. */
export function failureAfter(
  previous: LoadFailure | undefined,
  error: unknown,
  lateAnswers: number,
  settings: BackoffSettings,
): LoadFailure {
  const now = settings.clock.now()
  const { count, since } = previous ?? { count: 0, since: now }
  return { error, count: count + 1, since, lateAnswers, retryAt: now + backoffMs(count, now - since, settings) }
}

/** The error for callers when no load has failed, but none may begin. */
export function tooManyPending(serviceName: string): ServiceUnavailableError {
  return new ServiceUnavailableError(serviceName, 'too many loads are still pending after their deadline')
}

/** How long to wait, with full jitter, so that callers of many processes do not come back in step. */
function backoffMs(
  doublings: number,
  outageMs: number,
  { random, backoffInitialMs, backoffMaxMs }: BackoffSettings,
): number {
  const inProportion = Math.max(backoffInitialMs, outageMs * OUTAGE_RATIO)
  return random() * Math.min(backoffMaxMs, backoffInitialMs * 2 ** doublings, inProportion)
}
