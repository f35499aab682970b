import type { Clock, Timer } from '@svcproxy/core'

/** The random part of an interval, so that the members do not all act at once. */
const SPREAD_RATIO = 0.2

/** Work that a member does later or repeatedly: one timer per purpose. */
export class Timers {
  readonly #clock: Clock
  readonly #random: () => number
  readonly #timers = new Map<string, Timer>()
  readonly #askedAgain = new Set<string>()
  #ended = false

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock
    this.#random = random
  }

  /** Runs `work` once after `delayMs`, however often it is requested until then. */
  soon(what: string, delayMs: number, work: () => Promise<void>): void {
    if (this.#ended || this.#timers.has(what)) return
    const timer = this.#clock.setTimer(() => {
      this.#timers.delete(what)
      void work()
    }, delayMs)
    this.#timers.set(what, timer)
  }

  /**
   * Runs `work` now, but at most once per `intervalMs`: requests in the meantime are combined into one run after that.
   */
  nowAndThen(what: string, intervalMs: number, work: () => Promise<void>): void {
    if (this.#ended) return
    if (this.#timers.has(what)) {
      this.#askedAgain.add(what)
      return
    }
    // Not synchronously, because the caller may be a call.
    queueMicrotask(() => void work())
    this.soon(what, intervalMs, async () => {
      if (this.#askedAgain.delete(what)) this.nowAndThen(what, intervalMs, work)
    })
  }

  /** Runs `work` repeatedly at about this interval. */
  every(what: string, intervalMs: number, work: () => Promise<void>): void {
    this.#timers.get(what)?.cancel()
    this.#timers.delete(what)
    const spread = 1 + SPREAD_RATIO * (2 * this.#random() - 1)
    this.soon(what, intervalMs * spread, async () => {
      await work()
      this.every(what, intervalMs, work)
    })
  }

  end(): void {
    this.#ended = true
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }
}
