/** The part of the attempts that is admitted at the beginning. */
const FIRST_PART = 0.1

/**
 * Admits a growing part of the attempts, from a tenth to all of them, in the time after a circuit has closed. Which ones is
 * no matter of chance: each attempt adds the part that is due to a balance, and is admitted when that has come to one.
 */
export class Ramp {
  readonly #startedAt: number
  readonly #lengthMs: number
  /** The first one is admitted. */
  #balance = 1

  constructor(startedAt: number, lengthMs: number) {
    this.#startedAt = startedAt
    this.#lengthMs = lengthMs
  }

  /** 0: it is over. In milliseconds. */
  leftMs(now: number): number {
    return Math.max(this.#startedAt + this.#lengthMs - now, 0)
  }

  /** Whether the attempt that begins at `now` is admitted; to be asked once for each. */
  admits(now: number): boolean {
    const passed = 1 - this.leftMs(now) / this.#lengthMs
    this.#balance += FIRST_PART + (1 - FIRST_PART) * passed
    if (this.#balance < 1) return false
    this.#balance--
    return true
  }
}
