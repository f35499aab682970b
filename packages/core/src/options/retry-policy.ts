import { MAX_TIMER_MS } from '../clock.ts'
import { InvalidOptionError } from '../errors.ts'
import { checkFunctionOption, checkOptionNames, numberOption } from '../option-checks.ts'

/**
 * How a failed call is retried: after which failures, how often, and with what waits (exponential backoff with full
 * jitter).
 */
export interface RetryPolicy {
  /**
   * How many attempts a call has, the first one included.
   * @defaultValue 3  @throws {@link InvalidOptionError} when not an integer in 2 … 10
   */
  readonly attempts?: number
  /**
   * The longest wait before the second attempt, in milliseconds; it doubles with each further one. The actual wait is a
   * random time from 0 up to that (full jitter), so that calls that failed together are not retried together.
   * @defaultValue 100  @throws {@link InvalidOptionError} when not in 0 … 2 147 483 647
   */
  readonly backoffInitialMs?: number
  /** The longest wait before any attempt, in milliseconds. @defaultValue 2 000 @throws {@link InvalidOptionError} when not in `backoffInitialMs` … 2 147 483 647 */
  readonly backoffMaxMs?: number
  /**
   * Whether a retry may help; `{ afterMs }` also says when, for example from a `Retry-After`. Only called for failures
   * of the service. If it throws, the call is retried.
   * An `afterMs` longer than the rest of `requestTimeoutMs`, or without that longer than `backoffMaxMs`, ends the call
   * at once.
   * @defaultValue every failure is retried
   */
  readonly isRetryable?: (error: unknown) => boolean | { readonly afterMs: number }
}

/** How many retries a service gets at most, from all its callers together; counted over ten seconds. */
export interface RetryBudget {
  /**
   * Retries as a ratio of the retryable calls that reached the service: 0.2 adds at most a fifth to its load.
   * @defaultValue 0.2  @throws {@link InvalidOptionError} when not in 0 … 10
   */
  readonly ratio?: number
  /**
   * Retries per second in addition to `ratio`, for a service that is called rarely.
   * @defaultValue 1  @throws {@link InvalidOptionError} when not in 0 … 1 000 000
   */
  readonly minPerSecond?: number
}

/** A {@link RetryPolicy} with defaults filled in and bounds checked. */
export type ResolvedRetryPolicy = Required<Omit<RetryPolicy, 'isRetryable'>> & Pick<RetryPolicy, 'isRetryable'>

/** The settings of retries. `isRetryable` is a function, so only its presence is reported. */
export interface RetrySettings extends Required<Omit<RetryPolicy, 'isRetryable'>> {
  /** Whether there is an `isRetryable`. */
  readonly hasIsRetryable: boolean
}

export const DEFAULT_RETRY: ResolvedRetryPolicy = Object.freeze({
  attempts: 3,
  backoffInitialMs: 100,
  backoffMaxMs: 2_000,
})
export const DEFAULT_BUDGET: Required<RetryBudget> = Object.freeze({ ratio: 0.2, minPerSecond: 1 })

/** @throws {@link InvalidOptionError} */
export function resolveRetry(
  option: string,
  policy: RetryPolicy | undefined,
  defaults: ResolvedRetryPolicy,
): ResolvedRetryPolicy {
  if (policy === undefined) return defaults
  checkOptionNames(option, policy, ['attempts', 'backoffInitialMs', 'backoffMaxMs', 'isRetryable'])
  const { isRetryable = defaults.isRetryable } = policy
  checkFunctionOption(`${option}.isRetryable`, isRetryable)
  const bounds = { min: 0, max: MAX_TIMER_MS }
  const backoffInitialMs = numberOption(
    `${option}.backoffInitialMs`,
    policy.backoffInitialMs,
    bounds,
    defaults.backoffInitialMs,
  )
  return Object.freeze({
    attempts: numberOption(
      `${option}.attempts`,
      policy.attempts,
      { min: 2, max: 10, integer: true },
      defaults.attempts,
    ),
    backoffInitialMs,
    backoffMaxMs: numberOption(
      `${option}.backoffMaxMs`,
      policy.backoffMaxMs,
      { ...bounds, min: backoffInitialMs },
      Math.max(defaults.backoffMaxMs, backoffInitialMs),
    ),
    ...(isRetryable !== undefined && { isRetryable }),
  })
}

/** True: the service's policy. Undefined: no retries. @throws {@link InvalidOptionError} */
export function resolveRetryChoice(
  option: string,
  choice: boolean | RetryPolicy | undefined,
  defaults: ResolvedRetryPolicy,
): ResolvedRetryPolicy | undefined {
  if (choice === undefined || choice === false) return undefined
  return choice === true ? defaults : resolveRetry(option, choice, defaults)
}

/** @throws {@link InvalidOptionError} */
export function resolveBudget(budget: RetryBudget | undefined): Required<RetryBudget> {
  if (budget === undefined) return DEFAULT_BUDGET
  checkOptionNames('retryBudget', budget, ['ratio', 'minPerSecond'])
  return Object.freeze({
    ratio: numberOption('retryBudget.ratio', budget.ratio, { min: 0, max: 10 }, DEFAULT_BUDGET.ratio),
    minPerSecond: numberOption(
      'retryBudget.minPerSecond',
      budget.minPerSecond,
      { min: 0, max: 1_000_000 },
      DEFAULT_BUDGET.minPerSecond,
    ),
  })
}

/**
 * Attempts that can never be made are a mistake.
 * @throws {@link InvalidOptionError} when the longest waits of `policy` alone take all the time of the request
 */
export function checkFits(option: string, policy: ResolvedRetryPolicy, requestTimeoutMs: number | undefined): void {
  if (requestTimeoutMs === undefined) return
  let waitsMs = 0
  for (let failed = 1; failed < policy.attempts; failed++) waitsMs += longestWaitMs(policy, failed)
  if (waitsMs < requestTimeoutMs) return
  throw new InvalidOptionError(
    'requestTimeoutMs',
    `more than the ${waitsMs} ms that the waits of ${option} may take (or give fewer attempts, or shorter backoffs)`,
    requestTimeoutMs,
  )
}

/** @param failed the number of attempts that have failed */
export function longestWaitMs({ backoffInitialMs, backoffMaxMs }: ResolvedRetryPolicy, failed: number): number {
  return Math.min(backoffMaxMs, backoffInitialMs * 2 ** (failed - 1))
}

export function retrySettings({ isRetryable, ...settings }: ResolvedRetryPolicy): RetrySettings {
  return { ...settings, hasIsRetryable: isRetryable !== undefined }
}
