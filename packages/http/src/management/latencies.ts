import type { LatencySummary, RequestCounts, ServiceSettings } from '@svcproxy/core'
import type { ManagedProxy } from './managed-services.ts'

/** What took how long. */
export interface ServiceLatencies {
  readonly latency: LatencySummary
  /** Null: no call of the service waits for a place. */
  readonly queueWait: LatencySummary | null
}

interface Summarized extends ServiceLatencies {
  readonly ended: number
  readonly isIdle: boolean
}

/**
 * Latencies of services, put together anew only after a request has ended: most services of many are idle, and this is
 * most of the work of showing one. A load in the background shows with the next request that ends.
 */
export class Latencies {
  readonly #last = new WeakMap<ManagedProxy, Summarized>()

  /**
   * @param counts of `proxy`, read just now
   * @param settings its own
   */
  of(
    proxy: ManagedProxy,
    { totalRequests, inFlight, queuedCalls }: RequestCounts,
    { maxQueuedCalls }: Pick<ServiceSettings, 'maxQueuedCalls'>,
  ): ServiceLatencies {
    const ended = totalRequests - inFlight
    // Calls come into the queue and out of it while none ends that is still to be retried.
    const isIdle = queuedCalls === 0
    const last = this.#last.get(proxy)
    if (last?.ended === ended && last.isIdle && isIdle) return last
    const summarized = { ended, isIdle, ...latenciesOf(proxy, maxQueuedCalls > 0) }
    this.#last.set(proxy, summarized)
    return summarized
  }
}

function latenciesOf(proxy: ManagedProxy, hasQueue: boolean): ServiceLatencies {
  if (!hasQueue) return { latency: toMicroseconds(proxy.getOverallLatency()), queueWait: null }
  const { overallLatency, queueWait } = proxy.getMetrics()
  return { latency: toMicroseconds(overallLatency), queueWait: toMicroseconds(queueWait) }
}

/** Shorter to send, and no less exact than what was measured. */
function toMicroseconds({ count, p50Ms, p90Ms, p99Ms, maxMs }: LatencySummary): LatencySummary {
  return { count, p50Ms: rounded(p50Ms), p90Ms: rounded(p90Ms), p99Ms: rounded(p99Ms), maxMs: rounded(maxMs) }
}

function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000
}
