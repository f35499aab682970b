import type { FleetStatus, ServiceProxyManager } from '@svcproxy/core'
import type { CallTrace } from '@svcproxy/core/adapter'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { CallDurations, type CallHistograms } from './call-durations.ts'
import { coreVersion } from './core-version.ts'
import { checkFree, type PrometheusMetricsOptions, resolveOptions } from './options.ts'
import type { PrometheusClient, PrometheusHistogram, PrometheusMetric } from './prometheus-client.ts'
import { FLEET_METRICS } from './fleet-metrics.ts'
import { scrapedMetric, type Sources } from './scraped-metric.ts'
import { SERVICE_METRICS, type ScrapedProxy } from './service-metrics.ts'

/** The metrics of a manager in a registry; disposing them removes them. */
export interface PrometheusMetrics extends Disposable {
  /** Stops measuring and removes the metrics from the registry. A second call does nothing. */
  dispose(): void
}

/** The channel on which core publishes each call that has ended. */
const CALL_ENDS = 'tracing:svcproxy:call:asyncEnd'

const DURATIONS = 'svcproxy_call_duration_seconds'
const QUEUE_WAITS = 'svcproxy_queue_wait_seconds'
const BUILD = 'svcproxy_build_info'

/**
 * Adds the metrics of all proxies of a manager, including proxies created later, to a registry of the application.
 * Counts are read at each scrape, so they agree with `manager.getAllMetrics()`; durations are measured from now on.
 * @throws {@link InvalidOptionError} when an option is invalid, or the registry already has the metrics of a manager
 */
export function prometheusMetrics<M extends object>(
  manager: ServiceProxyManager<M>,
  options: PrometheusMetricsOptions,
): PrometheusMetrics {
  const { client, register, buckets } = resolveOptions(options)
  checkFree(register, [
    DURATIONS,
    QUEUE_WAITS,
    ...[...SERVICE_METRICS, ...FLEET_METRICS].map(({ name }) => name),
    BUILD,
  ])

  const histograms = callHistograms(client, buckets, () => durations.forgetRemoved())
  const durations = new CallDurations(manager, histograms)
  const metrics = new Map<string, PrometheusMetric>([
    [DURATIONS, histograms.durations],
    [QUEUE_WAITS, histograms.queueWaits],
  ])
  for (const metric of SERVICE_METRICS) metrics.set(metric.name, scrapedMetric(client, servicesOf(manager), metric))
  for (const metric of FLEET_METRICS) metrics.set(metric.name, scrapedMetric(client, fleetOf(manager), metric))
  metrics.set(BUILD, buildMetric(client))
  for (const metric of metrics.values()) register.registerMetric(metric)

  const onCallEnd = (trace: unknown): void => {
    try {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what core puts on this channel
      durations.record(trace as CallTrace)
    } catch {
      // An error of a subscriber ends the process; a lost measurement must not.
    }
  }
  subscribe(CALL_ENDS, onCallEnd)
  const unlisten = manager.on('stop', ({ service }) => durations.forgetIfRemoved(service))

  const dispose = (): void => {
    unsubscribe(CALL_ENDS, onCallEnd)
    unlisten()
    for (const [name, metric] of metrics) {
      // The application may have cleared the registry and reused the name.
      if (register.getSingleMetric(name) === metric) register.removeSingleMetric(name)
    }
  }
  return { dispose, [Symbol.dispose]: dispose }
}

function servicesOf<M extends object>(manager: ServiceProxyManager<M>): Sources<ScrapedProxy> {
  const all = (): Iterable<[{ service: string }, ScrapedProxy]> =>
    manager.names.map((service) => [{ service }, manager.getProxy(service)])
  return { labelNames: ['service'], all }
}

/** Includes a fleet that the manager joins later. */
function fleetOf<M extends object>(manager: ServiceProxyManager<M>): Sources<FleetStatus> {
  const all = (): [{ namespace: string }, FleetStatus][] => {
    const status = manager.fleet?.status
    return status === undefined ? [] : [[{ namespace: status.namespace }, status]]
  }
  return { labelNames: ['namespace'], all }
}

function callHistograms(client: PrometheusClient, buckets: readonly number[], collect: () => void): CallHistograms {
  const histogram = (name: string, help: string, labelNames: string[]): PrometheusHistogram =>
    new client.Histogram({
      name,
      help,
      labelNames,
      // A copy, because the client library freezes it.
      buckets: [...buckets],
      registers: [],
      aggregator: 'sum',
      collect,
    })
  return {
    durations: histogram(DURATIONS, 'Duration of requests to the service, from the request to its answer.', [
      'service',
      'method',
      'outcome',
      'source',
    ]),
    queueWaits: histogram(QUEUE_WAITS, 'How long calls were queued because of maxConcurrentCalls.', ['service']),
  }
}

function buildMetric(client: PrometheusClient): PrometheusMetric {
  const version = coreVersion()
  const gauge = new client.Gauge({
    name: BUILD,
    help: 'Always 1; its label is the version of @svcproxy/core.',
    labelNames: ['version'],
    registers: [],
    aggregator: 'first',
    // At each scrape, because an application may reset the metrics of its registry.
    collect: () => gauge.set({ version }, 1),
  })
  return gauge
}
