/**
 * The parts of the application's client library that this package uses: the whole module `prom-client` or
 * `@prometheus-io/client`. The type is structural, so that neither is a dependency.
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
  /** The default registry. */
  readonly register: PrometheusRegistry
}

/** How this package describes a metric that it creates. */
export interface PrometheusMetricConfiguration {
  /** The name of the metric in a scrape: `svcproxy_fallbacks_total`. */
  name: string
  /** The text of the line `# HELP` in a scrape. */
  help: string
  /** The labels that every series of the metric has. */
  labelNames: string[]
  /** Empty: a metric is registered after all of them have been created. */
  registers: never[]
  /** How the values of a cluster's workers are combined. */
  aggregator: 'sum' | 'first' | 'min' | 'max'
  /** Called at each scrape, before the metric is read. */
  collect: () => void
}

/** A metric of the client library. */
export interface PrometheusMetric {
  /** Called by the registry at each scrape: runs `collect`, then resolves to the values of all series. */
  get(): Promise<unknown>
  /** Removes all series. */
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
