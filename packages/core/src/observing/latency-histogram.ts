/** Buckets per doubling; a bucket is at most 1/16 of its lower bound wide, so its middle is at most 1/32 (3.2 %) off. */
const BUCKETS_PER_OCTAVE = 16
const LARGEST_US = 2 ** 31 - 1

/** The summary of a histogram, in milliseconds. All values are 0 when nothing was recorded. */
export interface LatencySummary {
  /** The number of recorded latencies. */
  readonly count: number
  /** The median, in milliseconds. Percentiles are at most 5 % off. */
  readonly p50Ms: number
  /** The 90th percentile, in milliseconds. */
  readonly p90Ms: number
  /** The 99th percentile, in milliseconds. */
  readonly p99Ms: number
  /** The maximum, in milliseconds; exact. */
  readonly maxMs: number
}

/**
 * Latencies in buckets that grow with the value, from 1 µs to 35 minutes, with a relative error below 5 %. An octave
 * takes 200 bytes and is created with its first latency; most services need three or four, and none more than 28.
 */
export class LatencyHistogram {
  readonly #octaves: (number[] | undefined)[] = []
  #count = 0
  #maxMs = 0

  /** A histogram with everything that the given ones have recorded. */
  static merged(histograms: readonly LatencyHistogram[]): LatencyHistogram {
    const [first, ...others] = histograms
    if (first !== undefined && others.length === 0) return first
    const all = new LatencyHistogram()
    for (const histogram of histograms) all.#add(histogram)
    return all
  }

  record(durationMs: number): void {
    const bucket = bucketOf(durationMs)
    const octave = (this.#octaves[Math.floor(bucket / BUCKETS_PER_OCTAVE)] ??= newOctave())
    const position = bucket % BUCKETS_PER_OCTAVE
    octave[position] = (octave[position] ?? 0) + 1
    this.#count++
    if (durationMs > this.#maxMs) this.#maxMs = durationMs
  }

  summary(): LatencySummary {
    const [p50Ms = 0, p90Ms = 0, p99Ms = 0] = this.percentiles([0.5, 0.9, 0.99])
    return { count: this.#count, p50Ms, p90Ms, p99Ms, maxMs: this.#maxMs }
  }

  /**
   * The percentiles for the given ratios (0 … 1, ascending), in milliseconds. Plain loops and one pass, because a look
   * at many services reads all their histograms.
   */
  percentiles(ratios: readonly number[]): number[] {
    const found: number[] = []
    let seen = 0
    for (let index = 0; index < this.#octaves.length; index++) {
      const octave = this.#octaves[index]
      if (octave === undefined) continue
      for (let position = 0; position < BUCKETS_PER_OCTAVE; position++) {
        seen += octave[position] ?? 0
        while (found.length < ratios.length && seen >= this.#rank(ratios[found.length] ?? 1)) {
          found.push(Math.min(middleMs(index * BUCKETS_PER_OCTAVE + position), this.#maxMs))
        }
      }
    }
    return found
  }

  #rank(ratio: number): number {
    return Math.max(1, Math.ceil(ratio * this.#count))
  }

  #add(other: LatencyHistogram): void {
    for (let index = 0; index < other.#octaves.length; index++) {
      const octave = other.#octaves[index]
      if (octave === undefined) continue
      const sum = (this.#octaves[index] ??= newOctave())
      for (let position = 0; position < BUCKETS_PER_OCTAVE; position++) {
        sum[position] = (sum[position] ?? 0) + (octave[position] ?? 0)
      }
    }
    this.#count += other.#count
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs)
  }
}

function newOctave(): number[] {
  return [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
}

function bucketOf(durationMs: number): number {
  const us = Math.min(Math.max(Math.round(durationMs * 1000), 0), LARGEST_US)
  if (us < BUCKETS_PER_OCTAVE) return us
  const shift = 27 - Math.clz32(us)
  return shift * BUCKETS_PER_OCTAVE + (us >>> shift)
}

function middleMs(bucket: number): number {
  if (bucket < 2 * BUCKETS_PER_OCTAVE) return bucket / 1000
  const shift = Math.floor(bucket / BUCKETS_PER_OCTAVE) - 1
  const lowerUs = (bucket - shift * BUCKETS_PER_OCTAVE) * 2 ** shift
  return (lowerUs + 2 ** shift / 2) / 1000
}
