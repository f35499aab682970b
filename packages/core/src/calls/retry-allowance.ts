import { TimeWindow } from '../circuit/outcome-window.ts'
import type { RetryBudget } from '../options/retry-policy.ts'

/** The time over which requests and retries are counted, in milliseconds. */
const WINDOW_MS = 10_000

/** The state of a {@link RetryBudget}. */
export interface RetryBudgetStatus {
  /** Retryable calls that reached the service in the last ten seconds. */
  readonly calls: number
  /** Their retries in the same time. */
  readonly retries: number
  /** How many more retries are allowed now. */
  readonly remaining: number
}

/** Enforces a {@link RetryBudget}: limits the retries of a service to a fraction of its calls. */
export class RetryAllowance {
  readonly #budget: Required<RetryBudget>
  readonly #window = new TimeWindow(WINDOW_MS)

  constructor(budget: Required<RetryBudget>) {
    this.#budget = budget
  }

  /** A retryable call begins. */
  called(now: number): void {
    this.#window.add(false, now)
  }

  /** Takes one retry; returns false if none is left. */
  take(now: number): boolean {
    if (this.status(now).remaining < 1) return false
    this.#window.add(true, now)
    return true
  }

  status(now: number): RetryBudgetStatus {
    this.#window.moveTo(now)
    const retries = this.#window.bad
    const calls = this.#window.calls - retries
    const { ratio, minPerSecond } = this.#budget
    const allowed = Math.floor(calls * ratio + (minPerSecond * WINDOW_MS) / 1_000)
    return { calls, retries, remaining: Math.max(0, allowed - retries) }
  }
}
