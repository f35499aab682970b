/**
 * The application's client library, as far as this package uses it: the module `prom-client` or
 * `@prometheus-io/client`, whole. Structural, so that neither is a dependency.
 */
export interface PrometheusClient {
  readonly Counter: new (
    configuration: PrometheusMetricConfiguration,
  ) => PrometheusMetric & { inc(labels: Record<string, string>, value: number): void }
  readonly Gauge: new (
    configuration: PrometheusMetricConfiguration,
  ) => PrometheusMetric & { set(labels: Record<string, string>, value: number): void }
  readonly Histogram: new (configuration: PrometheusMetricConfiguration & { buckets: number[] }) => PrometheusHistogram
  /** Where metrics go by default. */
  readonly register: PrometheusRegistry
}

/** What this package says of a metric that it makes. */
export interface PrometheusMetricConfiguration {
  name: string
  help: string
  labelNames: string[]
  /** Empty: a metric is registered when all of them are made. */
  registers: never[]
  /** How the figures of the workers of a cluster become one. */
  aggregator: 'sum' | 'first' | 'min' | 'max'
  /** Called at each scrape, before the metric is read. */
  collect: () => void
}

/** A metric of the client library. */
export interface PrometheusMetric {
  get(): Promise<unknown>
  /** Forgets all series. */
  reset(): void
}

/** A histogram of the client library. */
export interface PrometheusHistogram extends PrometheusMetric {
  labels(labels: Record<string, string>): { observe(value: number): void }
  remove(labels: Record<string, string>): void
}

/** A registry of the client library. */
export interface PrometheusRegistry {
  registerMetric(metric: PrometheusMetric): void
  getSingleMetric(name: string): unknown
  removeSingleMetric(name: string): void
}
