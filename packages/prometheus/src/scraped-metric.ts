import type { ServiceProxyManager } from '@svcproxy/core'
import type { PrometheusClient, PrometheusMetric, PrometheusMetricConfiguration } from './prometheus-client.ts'
import type { ScrapedMetric } from './scraped-metrics.ts'

/** Makes a metric that is read anew from the manager's proxies at each scrape, so that none outlives its proxy. */
export function scrapedMetric<M extends object>(
  client: PrometheusClient,
  manager: ServiceProxyManager<M>,
  { kind, name, help, label, aggregator = 'sum', read }: ScrapedMetric,
): PrometheusMetric {
  const collect = (): void => {
    metric.reset()
    for (const service of manager.names) {
      for (const [value, figure] of Object.entries(read(manager.getProxy(service)))) {
        write(label === undefined ? { service } : { service, [label]: value }, figure)
      }
    }
  }
  const labelNames = label === undefined ? ['service'] : ['service', label]
  const { metric, write } = writable(client, kind, { name, help, labelNames, registers: [], aggregator, collect })
  return metric
}

interface Writable {
  readonly metric: PrometheusMetric
  readonly write: (labels: Record<string, string>, figure: number) => void
}

function writable(
  client: PrometheusClient,
  kind: ScrapedMetric['kind'],
  configuration: PrometheusMetricConfiguration,
): Writable {
  if (kind === 'Counter') {
    const counter = new client.Counter(configuration)
    return { metric: counter, write: (labels, figure) => counter.inc(labels, figure) }
  }
  const gauge = new client.Gauge(configuration)
  return { metric: gauge, write: (labels, figure) => gauge.set(labels, figure) }
}
