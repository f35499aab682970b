import type { Clock } from '@svcproxy/core'

/** Hints that are heeded in a second; of more the store is asked instead. */
const HINTS_A_SECOND = 200
/** The same scope is not invalidated more often by hints, in milliseconds. */
const SCOPE_PAUSE_MS = 100

/**
 * Which hints are heeded at once. Anybody who can write to the channel can write many: they cost a bounded number of
 * reloads, and what they say beyond that is looked up in the store.
 */
export class HintGate {
  readonly #clock: Clock
  readonly #lastOf = new Map<string, number>()
  #second = 0
  #heeded = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @param scope one of a known, bounded number */
  admits(scope: string): boolean {
    const now = this.#clock.now()
    const second = Math.floor(now / 1_000)
    if (second !== this.#second) {
      this.#second = second
      this.#heeded = 0
    }
    if (this.#heeded >= HINTS_A_SECOND || now - (this.#lastOf.get(scope) ?? -Infinity) < SCOPE_PAUSE_MS) return false
    this.#heeded++
    this.#lastOf.set(scope, now)
    return true
  }
}
