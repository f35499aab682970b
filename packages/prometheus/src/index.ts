export type { PrometheusMetricsOptions } from './options.ts'
export type {
  PrometheusClient,
  PrometheusHistogram,
  PrometheusMetric,
  PrometheusMetricConfiguration,
  PrometheusRegistry,
} from './prometheus-client.ts'
export { type PrometheusMetrics, prometheusMetrics } from './prometheus-metrics.ts'
