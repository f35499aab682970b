/** Buckets per doubling; a bucket is at most 1/16 of its lower bound wide, so its middle is at most 1/32 (3.2 %) off. */
const BUCKETS_PER_OCTAVE = 16
const LARGEST_US = 2 ** 31 - 1

/** What a histogram says, in milliseconds. Zero when nothing was recorded. */
export interface LatencySummary {
  readonly count: number
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/**
 * Latencies in buckets that grow with the value, from 1 µs to 35 minutes, with a relative error below 5 %. An octave
 * takes 200 bytes and is made with its first latency; most services need three or four, and none more than 28.
 */
export class LatencyHistogram {
  readonly #octaves: (number[] | undefined)[] = []
  #count = 0
  #maxMs = 0

  /** One that has recorded all that the others have. */
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
    return {
      count: this.#count,
      p50Ms: this.percentile(0.5),
      p90Ms: this.percentile(0.9),
      p99Ms: this.percentile(0.99),
      maxMs: this.#maxMs,
    }
  }

  /** The duration that the given ratio (0 … 1) of all recorded ones does not exceed, in milliseconds. */
  percentile(ratio: number): number {
    const rank = Math.max(1, Math.ceil(ratio * this.#count))
    let seen = 0
    for (const [index, octave] of this.#octaves.entries()) {
      for (const [position, count] of octave?.entries() ?? []) {
        seen += count
        if (seen >= rank) return Math.min(middleMs(index * BUCKETS_PER_OCTAVE + position), this.#maxMs)
      }
    }
    return 0
  }

  #add(other: LatencyHistogram): void {
    for (const [index, octave] of other.#octaves.entries()) {
      if (octave === undefined) continue
      const sum = (this.#octaves[index] ??= newOctave())
      for (const [position, count] of octave.entries()) sum[position] = (sum[position] ?? 0) + count
    }
    this.#count += other.#count
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs)
  }
}

function newOctave(): number[] {
  return Array.from({ length: BUCKETS_PER_OCTAVE }, () => 0)
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
