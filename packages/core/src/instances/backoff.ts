import { ServiceUnavailableError } from '../errors.ts'
import type { ResolvedServiceProxyOptions } from '../options/service-proxy-options.ts'

/** The last failed load: for a while callers get its error, or something stale, and no new load starts. */
export interface LoadFailure {
  readonly error: unknown
  readonly count: number
  /** {@link Clock.now} of the first of them in a row. */
  readonly since: number
  /** {@link ServiceLoader.lateAnswers} then: with another the back-off is over. */
  readonly lateAnswers: number
  readonly retryAt: number
}

/** The settings of the back-off. */
export type BackoffSettings = Pick<
  ResolvedServiceProxyOptions<unknown>,
  'clock' | 'random' | 'backoffInitialMs' | 'backoffMaxMs'
>

/** The longest back-off, as a part of the time for which loads have failed: the recovery takes a part of the outage. */
const OUTAGE_RATIO = 0.25

/** One failure more, its back-off twice as long at the most. */
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

/** What callers are told where no load has failed, and none may begin. */
export function tooManyPending(serviceName: string): ServiceUnavailableError {
  return new ServiceUnavailableError(serviceName, 'loads that overran their deadline are pending')
}

/** How long to wait. Full jitter: callers of many processes do not come back in step. */
function backoffMs(
  doublings: number,
  outageMs: number,
  { random, backoffInitialMs, backoffMaxMs }: BackoffSettings,
): number {
  const inProportion = Math.max(backoffInitialMs, outageMs * OUTAGE_RATIO)
  return random() * Math.min(backoffMaxMs, backoffInitialMs * 2 ** doublings, inProportion)
}
