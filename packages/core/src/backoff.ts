import type { ResolvedServiceProxyOptions } from './service-proxy-options.ts'

/** The last failed load: for a while callers get its error, or something stale, and no new load starts. */
export interface LoadFailure {
  readonly error: unknown
  readonly count: number
  readonly retryAt: number
}

/** The settings of the back-off. */
export type BackoffSettings = Pick<
  ResolvedServiceProxyOptions<unknown>,
  'clock' | 'random' | 'backoffInitialMs' | 'backoffMaxMs'
>

/** One failure more, its back-off twice as long at the most. */
export function failureAfter(
  previous: LoadFailure | undefined,
  error: unknown,
  settings: BackoffSettings,
): LoadFailure {
  const count = (previous?.count ?? 0) + 1
  return { error, count, retryAt: settings.clock.now() + backoffMs(count, settings) }
}

/** How long to wait after `count` failures in a row. Full jitter: callers of many processes do not come back in step. */
function backoffMs(count: number, { random, backoffInitialMs, backoffMaxMs }: BackoffSettings): number {
  return random() * Math.min(backoffMaxMs, backoffInitialMs * 2 ** (count - 1))
}
