/** How long half of the requests, and 99 of 100, took at most, in milliseconds. */
export interface Latencies {
  readonly p50Ms: number
  readonly p99Ms: number
}

/** @param latenciesMs is sorted by it */
export function summarizeLatencies(latenciesMs: number[]): Latencies {
  latenciesMs.sort((a, b) => a - b)
  return { p50Ms: quantile(latenciesMs, 0.5), p99Ms: quantile(latenciesMs, 0.99) }
}

/** The smallest value that at least this part of all is not above. */
function quantile(sorted: readonly number[], ratio: number): number {
  return sorted[Math.max(Math.ceil(sorted.length * ratio) - 1, 0)] ?? Number.NaN
}
