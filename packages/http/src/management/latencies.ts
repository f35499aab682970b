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
    const latency = proxy.getOverallLatency()
    this.#last.set(proxy, { ended, latency })
    return latency
  }
}
