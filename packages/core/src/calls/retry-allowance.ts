import { TimeWindow } from '../circuit/outcome-window.ts'
import type { RetryBudget } from '../options/retry-policy.ts'

/** The time over which requests and retries are counted, in milliseconds. */
const WINDOW_MS = 10_000

/** What is left of a {@link RetryBudget}. */
export interface RetryBudgetStatus {
  /** Calls that may be retried and reached the service, in the last ten seconds. */
  readonly calls: number
  /** Retries of them in that time. */
  readonly retries: number
  /** How many more there may be now. */
  readonly remaining: number
}

/** Keeps a {@link RetryBudget}: the retries of a service stay a part of its calls. */
export class RetryAllowance {
  readonly #budget: Required<RetryBudget>
  readonly #window = new TimeWindow(WINDOW_MS)

  constructor(budget: Required<RetryBudget>) {
    this.#budget = budget
  }

  /** A call begins that may be retried. */
  called(now: number): void {
    this.#window.add(false, now)
  }

  /** Takes one retry; false when there is none left. */
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
