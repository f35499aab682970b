import { unlessAborted } from '../attempts/abort-source.ts'
import type { AbortSource } from '../attempts/abort-source.ts'
import type { AttemptEnd, Outcome } from '../attempts/attempt.ts'
import { InvalidOptionError, isRefusal } from '../errors.ts'
import { isObject } from '../is-object.ts'
import type { InstanceCache } from '../instances/instance-cache.ts'
import type { ServiceContext } from '../instances/service-context.ts'
import { longestWaitMs } from '../options/retry-policy.ts'
import type { ResolvedRetryPolicy } from '../options/retry-policy.ts'
import { RequestTime } from './request-time.ts'
import { RetryAllowance } from './retry-allowance.ts'
import type { RetryBudgetStatus } from './retry-allowance.ts'

/** A failed attempt whose request may be retried. */
export interface FailedAttempt {
  /** 1 for the first attempt. */
  readonly number: number
  readonly end: AttemptEnd
  readonly outcome: Outcome
  readonly error: unknown
}

/** What {@link Retries} needs to know about an attempt. */
export interface RetriedAttempt {
  readonly method: string
  readonly signal: AbortSource | undefined
  /** How its request is retried. */
  readonly retry: ResolvedRetryPolicy
  /** Whether its work started: there was an instance. */
  readonly hasBegun: boolean
}

/** Says whether loads are held back. */
type Loads = Pick<InstanceCache<unknown>, 'heldBack'>

/** The retries of one service: decides whether a failed attempt is retried, and waits before the retry. */
export class Retries {
  readonly #context: ServiceContext<unknown>
  readonly #loads: Loads
  readonly #allowance: RetryAllowance
  readonly #waiting = new Set<() => void>()
  #stopped = false

  constructor(context: ServiceContext<unknown>, loads: Loads) {
    this.#context = context
    this.#loads = loads
    this.#allowance = new RetryAllowance(context.settings.calls.retryBudget)
  }

  /** A request that may be retried reached the service for the first time: the budget grows. */
  asked(now: number): void {
    this.#allowance.called(now)
  }

  budget(now: number): RetryBudgetStatus {
    return this.#allowance.status(now)
  }

  /**
   * How long to wait before the next attempt, in milliseconds; undefined if there is none. Call it after the circuit
   * was notified of the failure: a request whose failure opened the circuit is not retried.
   */
  waitAfter(attempt: RetriedAttempt, failed: FailedAttempt, now: number): number | undefined {
    const { counters, events, proxy } = this.#context
    const waitMs = this.#waitWanted(attempt, failed, now)
    if (waitMs === undefined) return undefined
    const denied = !this.#allowance.take(now)
    if (denied) counters.retried('denied')
    const { method } = attempt
    const { error, number } = failed
    events.emit({ type: 'retry', service: proxy.name, method, attempt: number + 1, waitMs, denied, error })
    return denied ? undefined : waitMs
  }

  /** Whether a retry may reach the service. Not as a trial: trials are for new calls. */
  mayAskAt(now: number): boolean {
    return !this.#stopped && this.#context.guard.letsThroughAt(now)
  }

  /**
   * Resolves after the wait, or at once when the proxy is stopped. Keeps the process alive, because a caller is
   * waiting.
   * @throws `signal.reason`
   */
  async wait(waitMs: number, signal: AbortSource | undefined): Promise<void> {
    const { clock } = this.#context.settings
    let resume = (): void => {}
    const waited = new Promise<void>((resolve) => (resume = resolve))
    const timer = clock.setTimer(resume, waitMs, true)
    this.#waiting.add(resume)
    try {
      await (signal === undefined ? waited : unlessAborted(waited, signal))
    } finally {
      timer.cancel()
      this.#waiting.delete(resume)
    }
  }

  stop(): void {
    this.#stopped = true
    for (const resume of this.#waiting) resume()
  }

  #waitWanted(attempt: RetriedAttempt, failed: FailedAttempt, now: number): number | undefined {
    const { retry, signal } = attempt
    const { error, number } = failed
    if (number >= retry.attempts) return undefined
    if (!isOfService(failed) || signal?.aborted === true || !this.mayAskAt(now)) return undefined
    const verdict = verdictOn(error, retry)
    if (verdict === false) return undefined
    const wantedMs = verdict === true ? this.#context.settings.random() * longestWaitMs(retry, number) : verdict
    const waitMs = Math.max(wantedMs, attempt.hasBegun ? 0 : this.#loadableIn(now))
    return isTooLong(waitMs, attempt, now) ? undefined : waitMs
  }

  /** How long until the next load may begin: before that, an attempt without an instance can only fail again. */
  #loadableIn(now: number): number {
    return (this.#loads.heldBack(now, false)?.retryAt ?? now) - now
  }
}

/** Without a deadline of its own, a request waits no longer for a hint than it would wait without one. */
function isTooLong(waitMs: number, { signal, retry }: RetriedAttempt, now: number): boolean {
  if (signal instanceof RequestTime) return waitMs >= signal.dueAt - now
  return waitMs > retry.backoffMaxMs
}

/** Whether the service failed. Without a circuit every error is a failure, but some say nothing about the service. */
function isOfService({ end, outcome, error }: FailedAttempt): boolean {
  return end !== 'refused' && outcome === 'failure' && !isRefusal(error) && !(error instanceof InvalidOptionError)
}

/** Whether to retry, or after how many milliseconds, if `isRetryable` says so. */
function verdictOn(error: unknown, { isRetryable }: ResolvedRetryPolicy): boolean | number {
  if (isRetryable === undefined) return true
  try {
    const verdict: unknown = isRetryable(error)
    if (verdict === false) return false
    const afterMs: unknown = isObject(verdict) ? Reflect.get(verdict, 'afterMs') : undefined
    return typeof afterMs === 'number' && afterMs >= 0 ? afterMs : true
  } catch {
    return true
  }
}
