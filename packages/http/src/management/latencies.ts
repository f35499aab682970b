import type { LatencySummary, RequestCounts } from '@svcproxy/core'
import type { ManagedProxy } from './managed-services.ts'

interface Summarized {
  readonly ended: number
  readonly latency: LatencySummary
}

/**
 * Latencies of services, put together anew only after a request has ended: most services of many are idle, and this is
 * most of the work of showing one. A load in the background shows with the next request that ends.
 */
export class Latencies {
  readonly #last = new WeakMap<ManagedProxy, Summarized>()

  /** @param counts of `proxy`, read just now */
  of(proxy: ManagedProxy, { totalRequests, inFlight }: RequestCounts): LatencySummary {
    const ended = totalRequests - inFlight
    const last = this.#last.get(proxy)
    if (last?.ended === ended) return last.latency
    const latency = toMicroseconds(proxy.getOverallLatency())
    this.#last.set(proxy, { ended, latency })
    return latency
  }
}

/** Shorter to send, and no less exact than what was measured. */
function toMicroseconds({ count, p50Ms, p90Ms, p99Ms, maxMs }: LatencySummary): LatencySummary {
  return { count, p50Ms: rounded(p50Ms), p90Ms: rounded(p90Ms), p99Ms: rounded(p99Ms), maxMs: rounded(maxMs) }
}

function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000
}
