import type { Clock, Timer } from '@svcproxy/core'

/** The part of an interval that chance adds or takes, so that the members do not all come at once. */
const SPREAD_RATIO = 0.2

/** What a member does later or from time to time: one timer for each purpose. */
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

  /** Does it once, however often it is asked for until then. */
  soon(what: string, delayMs: number, work: () => Promise<void>): void {
    if (this.#ended || this.#timers.has(what)) return
    const timer = this.#clock.setTimer(() => {
      this.#timers.delete(what)
      void work()
    }, delayMs)
    this.#timers.set(what, timer)
  }

  /** Does it now, and not again within `intervalMs`: what is asked for meanwhile is done once, when that is over. */
  nowAndThen(what: string, intervalMs: number, work: () => Promise<void>): void {
    if (this.#ended) return
    if (this.#timers.has(what)) {
      this.#askedAgain.add(what)
      return
    }
    // Not within what asks for it: it may be a call.
    queueMicrotask(() => void work())
    this.soon(what, intervalMs, async () => {
      if (this.#askedAgain.delete(what)) this.nowAndThen(what, intervalMs, work)
    })
  }

  /** Does it at about this interval, from now on. */
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
