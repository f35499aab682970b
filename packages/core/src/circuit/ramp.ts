/** The share of attempts that is admitted at first. */
const FIRST_PART = 0.1

/**
 * Admits a growing share of attempts, from a tenth to all of them, after a circuit has closed. It is not random: each
 * attempt adds the current share to a balance, and is admitted when the balance reaches one.
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

  /** The remaining time, in milliseconds; 0 when it is over. */
  leftMs(now: number): number {
    return Math.max(this.#startedAt + this.#lengthMs - now, 0)
  }

  /** Whether the attempt that begins at `now` is admitted; call it once per attempt. */
  admits(now: number): boolean {
    const passed = 1 - this.leftMs(now) / this.#lengthMs
    this.#balance += FIRST_PART + (1 - FIRST_PART) * passed
    if (this.#balance < 1) return false
    this.#balance--
    return true
  }
}
