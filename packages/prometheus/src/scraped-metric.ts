import type { PrometheusClient, PrometheusMetric, PrometheusMetricConfiguration } from './prometheus-client.ts'

/** A metric whose values are read at each scrape. */
export interface ScrapedMetric<Source> {
  readonly kind: 'Counter' | 'Gauge'
  readonly name: string
  readonly help: string
  /** The label in addition to those of the source, if there is one. */
  readonly label?: string
  /** @defaultValue 'sum' */
  readonly aggregator?: PrometheusMetricConfiguration['aggregator']
  /**
   * The values by the value of `label`; without a label the keys do not matter. Empty: the source has no series now.
   */
  readonly read: (source: Source) => Readonly<Record<string, number>>
}

/** What a metric is read from, and the labels that its series have in common. */
export interface Sources<Source> {
  readonly labelNames: readonly string[]
  readonly all: () => Iterable<readonly [labels: Readonly<Record<string, string>>, source: Source]>
}

/** Creates a metric that is read from all sources at each scrape, so that no series outlives its source. */
export function scrapedMetric<Source>(
  client: PrometheusClient,
  sources: Sources<Source>,
  { kind, name, help, label, aggregator = 'sum', read }: ScrapedMetric<Source>,
): PrometheusMetric {
  const collect = (): void => {
    metric.reset()
    for (const [labels, source] of sources.all()) {
      for (const [value, figure] of Object.entries(read(source))) {
        write(label === undefined ? labels : { ...labels, [label]: value }, figure)
      }
    }
  }
  const labelNames = [...sources.labelNames, ...(label === undefined ? [] : [label])]
  const { metric, write } = writable(client, kind, { name, help, labelNames, registers: [], aggregator, collect })
  return metric
}

interface Writable {
  readonly metric: PrometheusMetric
  readonly write: (labels: Readonly<Record<string, string>>, figure: number) => void
}

function writable(
  client: PrometheusClient,
  kind: 'Counter' | 'Gauge',
  configuration: PrometheusMetricConfiguration,
): Writable {
  if (kind === 'Counter') {
    const counter = new client.Counter(configuration)
    return { metric: counter, write: (labels, figure) => counter.inc(labels, figure) }
  }
  const gauge = new client.Gauge(configuration)
  return { metric: gauge, write: (labels, figure) => gauge.set(labels, figure) }
}
