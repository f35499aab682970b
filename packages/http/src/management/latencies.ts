import type { LatencySummary, RequestCounts, ServiceSettings } from '@svcproxy/core'
import type { ManagedProxy } from './managed-services.ts'

/** The latencies of one service. */
export interface ServiceLatencies {
  readonly latency: LatencySummary
  /** Null: no calls of the service are queued. */
  readonly queueWait: LatencySummary | null
}

interface Summarized extends ServiceLatencies {
  readonly ended: number
  readonly isIdle: boolean
}

/**
 * The latencies of services, computed again only after a request has ended: of many services most are idle, and this is
 * most of the work of showing one. A background load shows with the next request that ends.
 */
export class Latencies {
  readonly #last = new WeakMap<ManagedProxy, Summarized>()

  /**
   * @param counts the counts of `proxy`, read just now
   * @param settings the settings of `proxy`
   */
  of(
    proxy: ManagedProxy,
    { totalRequests, inFlight, queuedCalls }: RequestCounts,
    { maxQueuedCalls }: Pick<ServiceSettings, 'maxQueuedCalls'>,
  ): ServiceLatencies {
    const ended = totalRequests - inFlight
    // Calls may enter and leave the queue although no request ends: those that will be retried.
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

/** Shorter to send, and no less exact than the measurement. */
function toMicroseconds({ count, p50Ms, p90Ms, p99Ms, maxMs }: LatencySummary): LatencySummary {
  return { count, p50Ms: rounded(p50Ms), p90Ms: rounded(p90Ms), p99Ms: rounded(p99Ms), maxMs: rounded(maxMs) }
}

function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000
}
