import type { Clock } from '@svcproxy/core'

/** How many hints are followed per second; for more, the store is read instead. */
const HINTS_A_SECOND = 200
/** The minimum time between two invalidations of the same scope by hints, in milliseconds. */
const SCOPE_PAUSE_MS = 100

/**
 * Decides which hints are followed at once. Anybody who can write to the channel can send many hints: they cause a
 * limited number of reloads, and beyond that the store is read.
 */
export class HintGate {
  readonly #clock: Clock
  readonly #lastOf = new Map<string, number>()
  #second = 0
  #followed = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @param scope one of a known, limited number */
  admits(scope: string): boolean {
    const now = this.#clock.now()
    const second = Math.floor(now / 1_000)
    if (second !== this.#second) {
      this.#second = second
      this.#followed = 0
    }
    if (this.#followed >= HINTS_A_SECOND || now - (this.#lastOf.get(scope) ?? -Infinity) < SCOPE_PAUSE_MS) return false
    this.#followed++
    this.#lastOf.set(scope, now)
    return true
  }
}
