import type { ServiceProxy } from '@svcproxy/core'
import type { ScrapedMetric } from './scraped-metric.ts'

/** What a scrape reads from a proxy. */
export type ScrapedProxy = Pick<ServiceProxy<unknown>, 'circuitState' | 'getCounts' | 'getStatus'>

/** The metrics of each service. Those of circuits come in this order because reading a state may cause a transition. */
export const SERVICE_METRICS: readonly ScrapedMetric<ScrapedProxy>[] = [
  {
    kind: 'Gauge',
    name: 'svcproxy_calls_in_flight',
    help: 'Requests to the service that are in flight.',
    read: (proxy) => ({ value: proxy.getCounts().inFlight }),
  },
  {
    kind: 'Gauge',
    name: 'svcproxy_queue_length',
    help: 'Calls that are queued because of maxConcurrentCalls.',
    read: (proxy) => ({ value: proxy.getCounts().queuedCalls }),
  },
  {
    kind: 'Gauge',
    name: 'svcproxy_abandoned_calls',
    help: 'Calls that timed out or were aborted while their work is still running.',
    read: (proxy) => ({ value: proxy.getCounts().abandonedCalls }),
  },
  {
    kind: 'Gauge',
    name: 'svcproxy_abandoned_loads',
    help: 'Loads of an instance that timed out and are still pending.',
    read: (proxy) => ({ value: proxy.getCounts().abandonedLoads }),
  },
  {
    kind: 'Counter',
    name: 'svcproxy_retries_total',
    help: 'Retries by outcome: success, failure, or denied (not made).',
    label: 'outcome',
    read: (proxy) => proxy.getCounts().retries,
  },
  {
    kind: 'Gauge',
    name: 'svcproxy_retry_budget_remaining',
    help: 'Retries that the budget allows now. No series before the first retryable call.',
    read: (proxy): Readonly<Record<string, number>> => {
      const { retryBudget } = proxy.getStatus()
      return retryBudget === undefined ? {} : { value: retryBudget.remaining }
    },
  },
  {
    kind: 'Gauge',
    name: 'svcproxy_circuit_state',
    help: 'The state of the circuit: 1 for the current state, 0 for the others.',
    label: 'state',
    aggregator: 'max',
    read: ({ circuitState }) =>
      circuitState === 'disabled' ? {} : { closed: 0, open: 0, half_open: 0, isolated: 0, [circuitState]: 1 },
  },
  {
    kind: 'Counter',
    name: 'svcproxy_circuit_transitions_total',
    help: 'How often the circuit entered each state.',
    label: 'to',
    read: (proxy) => (proxy.circuitState === 'disabled' ? {} : proxy.getCounts().circuitTransitions),
  },
  {
    kind: 'Gauge',
    name: 'svcproxy_circuit_mode',
    help: 'The mode of the circuit: 1 for the current mode (enforce or observe), 0 for the other.',
    label: 'mode',
    aggregator: 'max',
    read: (proxy): Readonly<Record<string, number>> => {
      const { circuit } = proxy.getStatus()
      return circuit === undefined ? {} : { enforce: 0, observe: 0, [circuit.mode]: 1 }
    },
  },
  {
    kind: 'Counter',
    name: 'svcproxy_circuit_would_reject_total',
    help: 'Requests that the circuit would have rejected in mode enforce, while it observes.',
    read: (proxy): Readonly<Record<string, number>> => {
      const { circuit } = proxy.getStatus()
      return circuit === undefined ? {} : { value: circuit.wouldReject }
    },
  },
  {
    kind: 'Gauge',
    name: 'svcproxy_circuit_window_ratio',
    help: 'The ratio of the latest requests that failed (failure) or were slow (slow), 0 to 1. Only for the rules that the circuit has, and while it is closed.',
    label: 'kind',
    aggregator: 'max',
    read: (proxy) => {
      const { circuit } = proxy.getStatus()
      return Object.fromEntries((circuit?.rates ?? []).map(({ kind, ratio }) => [kind, ratio]))
    },
  },
  {
    kind: 'Counter',
    name: 'svcproxy_rejected_calls_total',
    help: 'Requests that were rejected before anything was sent to the service, by reason.',
    label: 'reason',
    read: (proxy) => proxy.getCounts().rejections,
  },
  {
    kind: 'Counter',
    name: 'svcproxy_cache_gets_total',
    help: 'Requests that found a fresh instance (hit), had to wait for a load (miss) or were served a stale one.',
    label: 'result',
    read: (proxy) => {
      const { cacheHits, cacheMisses, staleServed } = proxy.getCounts()
      return { hit: cacheHits, miss: cacheMisses, stale: staleServed }
    },
  },
  {
    kind: 'Counter',
    name: 'svcproxy_cache_invalidations_total',
    help: 'How often the cached instance was invalidated.',
    read: (proxy) => ({ value: proxy.getCounts().invalidations }),
  },
  {
    kind: 'Counter',
    name: 'svcproxy_fallbacks_total',
    help: 'Requests that a fallback answered.',
    read: (proxy) => ({ value: proxy.getCounts().fallbacks }),
  },
  {
    kind: 'Gauge',
    name: 'svcproxy_health_state',
    help: 'The result of the last health check: 1 healthy, 0 unhealthy. No series before the first check.',
    aggregator: 'min',
    read: (proxy): Readonly<Record<string, number>> => {
      const { health } = proxy.getStatus()
      return health === undefined ? {} : { value: health.healthy ? 1 : 0 }
    },
  },
]
