/**
 * The application's client library, as far as this package uses it: the module `prom-client` or
 * `@prometheus-io/client`, whole. Structural, so that neither is a dependency.
 */
export interface PrometheusClient {
  /** For values that only grow. `inc` adds `value` to the series with these labels. */
  readonly Counter: new (
    configuration: PrometheusMetricConfiguration,
  ) => PrometheusMetric & { inc(labels: Record<string, string>, value: number): void }
  /** For values that rise and fall. `set` replaces the value of the series with these labels. */
  readonly Gauge: new (
    configuration: PrometheusMetricConfiguration,
  ) => PrometheusMetric & { set(labels: Record<string, string>, value: number): void }
  /** For durations. `buckets` are upper bounds in seconds, ascending. */
  readonly Histogram: new (configuration: PrometheusMetricConfiguration & { buckets: number[] }) => PrometheusHistogram
  /** Where metrics go by default. */
  readonly register: PrometheusRegistry
}

/** What this package says of a metric that it makes. */
export interface PrometheusMetricConfiguration {
  /** What the metric is called in a scrape: `svcproxy_fallbacks_total`. */
  name: string
  /** The text of the line `# HELP` in a scrape. */
  help: string
  /** The labels that every series of the metric has. */
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
  /** Called by the registry at each scrape: runs `collect`, then resolves to the values of all series. */
  get(): Promise<unknown>
  /** Forgets all series. */
  reset(): void
}

/** A histogram of the client library. */
export interface PrometheusHistogram extends PrometheusMetric {
  /** The series with these labels, created when it is new. `observe` records a duration in seconds. */
  labels(labels: Record<string, string>): { observe(value: number): void }
  /** Removes the series with these labels. */
  remove(labels: Record<string, string>): void
}

/** A registry of the client library. */
export interface PrometheusRegistry {
  /** Adds a metric, so that a scrape includes it. */
  registerMetric(metric: PrometheusMetric): void
  /** The metric that is registered under this name; undefined when there is none. */
  getSingleMetric(name: string): unknown
  /** Removes the metric that is registered under this name, if there is one. */
  removeSingleMetric(name: string): void
}
