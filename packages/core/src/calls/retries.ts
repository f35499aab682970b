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

/** An attempt that failed, whose request may go on with another one. */
export interface FailedAttempt {
  /** 1 for the first. */
  readonly number: number
  readonly end: AttemptEnd
  readonly outcome: Outcome
  readonly error: unknown
}

/** What {@link Retries} wants to know of an attempt. */
export interface RetriedAttempt {
  readonly method: string
  readonly signal: AbortSource | undefined
  /** How its request is tried again. */
  readonly retry: ResolvedRetryPolicy
  /** Whether it came to its work: there was an instance. */
  readonly hasBegun: boolean
}

/** Says when loads are held back. */
type Loads = Pick<InstanceCache<unknown>, 'heldBack'>

/** The retries of one service: says whether a failed attempt is followed by another one, and waits for it. */
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

  /** The service was asked for the first time for a request that may be tried again: the budget grows. */
  asked(now: number): void {
    this.#allowance.called(now)
  }

  budget(now: number): RetryBudgetStatus {
    return this.#allowance.status(now)
  }

  /**
   * How long to wait before the next attempt, in milliseconds; undefined when there is none. To be asked when the circuit
   * has heard of the failure: what has opened it is not tried again.
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

  /** Whether the service may be asked again. Not as a trial: those are for new calls. */
  mayAskAt(now: number): boolean {
    return !this.#stopped && this.#context.guard.letsThroughAt(now)
  }

  /**
   * Resolves after the wait, or at once when the proxy is stopped. It keeps the process alive: a caller waits.
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

  /** Without an instance an attempt can only fail again before the next load may begin. */
  #loadableIn(now: number): number {
    return (this.#loads.heldBack(now, false)?.retryAt ?? now) - now
  }
}

/** Without a time of its own a request waits for a hint no longer than it would without one. */
function isTooLong(waitMs: number, { signal, retry }: RetriedAttempt, now: number): boolean {
  if (signal instanceof RequestTime) return waitMs >= signal.dueAt - now
  return waitMs > retry.backoffMaxMs
}

/** Whether the service failed. Without a circuit every error is a failure, but of some the service knows nothing. */
function isOfService({ end, outcome, error }: FailedAttempt): boolean {
  return end !== 'refused' && outcome === 'failure' && !isRefusal(error) && !(error instanceof InvalidOptionError)
}

/** After how many milliseconds another attempt may help, if that is said. */
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
