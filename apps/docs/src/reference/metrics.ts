// The reference of metrics: what an application tells Prometheus and OpenTelemetry, asked of one that runs.
import { AggregationTemporality, MeterProvider, type MetricData, MetricReader } from '@opentelemetry/sdk-metrics'
import { instrument } from '@svcproxy/opentelemetry'
import { prometheusMetrics } from '@svcproxy/prometheus'
import * as client from 'prom-client'
import { observedApplication } from './observed-application.ts'
import { table } from './table.ts'

/** Labels whose values are the application's own. */
const FREE = ['service', 'method', 'namespace', 'version']

/** The page, in Markdown. */
export async function metricsReference(): Promise<string> {
  await using application = await observedApplication()
  const { manager } = application
  const register = new client.Registry()
  using _metrics = prometheusMetrics(manager, { client, register })
  const reader = new CollectingReader()
  const meterProvider = new MeterProvider({ readers: [reader] })
  using _instrumentation = instrument(manager, { meterProvider, traces: false })
  await application.use()
  const [prometheus, opentelemetry] = [await prometheusRows(register), await opentelemetryRows(reader)]
  await meterProvider.shutdown()
  return [
    '# Metrics',
    'Made from the code: this is what an application in a fleet exposes. What the numbers mean, and which queries to use, is in [@svcproxy/prometheus](/packages/prometheus.md) and [@svcproxy/opentelemetry](/packages/opentelemetry.md). What to look at in an outage is in the [runbook](/operations/runbook.md).',
    '## Prometheus',
    `${prometheus.length} metrics.`,
    table(['metric', 'type', 'labels', 'meaning'], prometheus),
    '## OpenTelemetry',
    `${opentelemetry.length} instruments.`,
    table(['instrument', 'kind', 'unit', 'attributes', 'meaning'], opentelemetry),
    '',
  ].join('\n\n')
}

async function prometheusRows(register: client.Registry): Promise<string[][]> {
  const metrics = await register.getMetricsAsJSON()
  return metrics.map(({ name, type, help, values }) => {
    const known = String(type) === 'histogram' ? [...FREE, 'outcome', 'source', 'le'] : FREE
    return [
      `\`${name}\``,
      String(type),
      labelsOf(
        values.map(({ labels }) => labels),
        known,
      ),
      help,
    ]
  })
}

/** Each label, with its values where they are always the same. */
function labelsOf(series: readonly object[], free: readonly string[]): string {
  const values = new Map<string, Set<string>>()
  for (const [label, value] of series.flatMap((labels) => Object.entries(labels))) {
    values.set(label, (values.get(label) ?? new Set()).add(String(value)))
  }
  return [...values]
    .filter(([label]) => label !== 'le')
    .map(([label, seen]) => `\`${label}\`${free.includes(label) ? '' : ` (${[...seen].join(', ')})`}`)
    .join(', ')
}

async function opentelemetryRows(reader: CollectingReader): Promise<string[][]> {
  const { resourceMetrics } = await reader.collect()
  return resourceMetrics.scopeMetrics
    .flatMap(({ metrics }) => metrics)
    .map((metric) => [
      `\`${metric.descriptor.name}\``,
      kindOf(metric),
      metric.descriptor.unit,
      [...new Set(metric.dataPoints.flatMap(({ attributes }) => Object.keys(attributes)))]
        .map((attribute) => `\`${attribute}\``)
        .join(', '),
      metric.descriptor.description,
    ])
}

const KINDS = ['histogram', 'histogram', 'gauge', 'sum'] as const

function kindOf(metric: MetricData): string {
  const isUpDown = 'isMonotonic' in metric && !metric.isMonotonic
  return isUpDown ? 'up-down counter' : (KINDS[metric.dataPointType] ?? '').replace('sum', 'counter')
}

class CollectingReader extends MetricReader {
  constructor() {
    super({ aggregationTemporalitySelector: () => AggregationTemporality.CUMULATIVE })
  }
  protected override async onShutdown(): Promise<void> {}
  protected override async onForceFlush(): Promise<void> {}
}
