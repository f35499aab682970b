/** Samples that make up a while. */
const SAMPLES = 4

/**
 * The most of something that there was *for a while*: of each {@link SAMPLES} samples in a row the least, of these the
 * most. What one sample says may be gone already: a caller has hung up, and the service reads that only later.
 */
export class SustainedPeak {
  #recent: number[] = []
  #peak = 0

  sample(value: number): void {
    this.#recent.push(value)
    if (this.#recent.length > SAMPLES) this.#recent.shift()
    if (this.#recent.length === SAMPLES) this.#peak = Math.max(this.#peak, Math.min(...this.#recent))
  }

  /** Time was lost: what comes next has nothing to do with what was before. */
  interrupt(): void {
    this.#recent = []
  }

  /** The peak since it was last taken. */
  take(): number {
    const peak = this.#peak
    this.#peak = 0
    return peak
  }
}
