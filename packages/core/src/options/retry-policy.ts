import { MAX_TIMER_MS } from '../clock.ts'
import { InvalidOptionError } from '../errors.ts'
import { checkFunctionOption, checkOptionNames, numberOption } from '../option-checks.ts'

/** How a call is tried again that failed: which failures, how often, and after what waits. */
export interface RetryPolicy {
  /** How many attempts a call has, the first included. @defaultValue 3 @throws {@link InvalidOptionError} when no integer in 2 … 10 */
  readonly attempts?: number
  /**
   * The longest wait before the second attempt, in milliseconds; it doubles with each further one. How long a call really
   * waits is left to chance, 0 up to that, so that those who failed together do not come back together.
   * @defaultValue 100  @throws {@link InvalidOptionError} when not in 0 … 2 147 483 647
   */
  readonly backoffInitialMs?: number
  /** The longest wait before any attempt, in milliseconds. @defaultValue 2 000 @throws {@link InvalidOptionError} when not in `backoffInitialMs` … 2 147 483 647 */
  readonly backoffMaxMs?: number
  /**
   * Whether another attempt may help; `{ afterMs }` says when, from a `Retry-After` for example. Asked only about failures
   * of the service. One that throws counts as yes.
   * A hint that is longer than the rest of `requestTimeoutMs`, or without that than `backoffMaxMs`, ends the call at once.
   * @defaultValue every failure
   */
  readonly isRetryable?: (error: unknown) => boolean | { readonly afterMs: number }
}

/** How many retries a service gets at most, whoever asks for them; counted over ten seconds. */
export interface RetryBudget {
  /**
   * Retries as a part of the calls that may be retried and reached the service: 0.2 adds a fifth to its load.
   * @defaultValue 0.2  @throws {@link InvalidOptionError} when not in 0 … 10
   */
  readonly ratio?: number
  /** Retries a second beside that, for a service that is called rarely. @defaultValue 1 @throws {@link InvalidOptionError} when not in 0 … 1 000 000 */
  readonly minPerSecond?: number
}

/** A {@link RetryPolicy} with defaults filled in and bounds checked. */
export type ResolvedRetryPolicy = Required<Omit<RetryPolicy, 'isRetryable'>> & Pick<RetryPolicy, 'isRetryable'>

/** What is said of retries; `isRetryable` is code, and only its presence is told. */
export interface RetrySettings extends Required<Omit<RetryPolicy, 'isRetryable'>> {
  /** Whether not every failure is retried. */
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

/** True: as the service says. Undefined: no retry. @throws {@link InvalidOptionError} */
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
 * Attempts that are sure not to be made are a mistake.
 * @throws {@link InvalidOptionError} when the longest waits of `policy` alone take the time of the request
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

/** @param failed how many attempts have failed */
export function longestWaitMs({ backoffInitialMs, backoffMaxMs }: ResolvedRetryPolicy, failed: number): number {
  return Math.min(backoffMaxMs, backoffInitialMs * 2 ** (failed - 1))
}

export function retrySettings({ isRetryable, ...settings }: ResolvedRetryPolicy): RetrySettings {
  return { ...settings, hasIsRetryable: isRetryable !== undefined }
}
