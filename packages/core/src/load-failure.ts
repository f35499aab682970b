import type { ResolvedServiceProxyOptions } from './service-proxy-options.ts'

/** The last failed load: for a while callers get its error, or something stale, and no new load starts. */
export interface LoadFailure {
  readonly error: unknown
  readonly count: number
  readonly retryAt: number
}

type BackoffSettings = Pick<
  ResolvedServiceProxyOptions<unknown>,
  'clock' | 'random' | 'backoffInitialMs' | 'backoffMaxMs'
>

/** One failure more, its back-off twice as long at the most. */
export function failureAfter(
  previous: LoadFailure | undefined,
  error: unknown,
  settings: BackoffSettings,
): LoadFailure {
  const { clock, random, backoffInitialMs, backoffMaxMs } = settings
  const count = (previous?.count ?? 0) + 1
  // Full jitter: callers of many processes do not come back in step.
  const delayMs = random() * Math.min(backoffMaxMs, backoffInitialMs * 2 ** (count - 1))
  return { error, count, retryAt: clock.now() + delayMs }
}
