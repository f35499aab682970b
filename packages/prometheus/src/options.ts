import { InvalidOptionError } from '@svcproxy/core'
import type { PrometheusClient, PrometheusRegistry } from './prometheus-client.ts'

/** Options of {@link prometheusMetrics}. */
export interface PrometheusMetricsOptions {
  /** The application's client library: `import * as client from 'prom-client'`, or from `'@prometheus-io/client'`. */
  readonly client: PrometheusClient
  /** The registry to add the metrics to. @defaultValue `client.register`, the default registry of the library */
  readonly register?: PrometheusRegistry
  /**
   * The upper bounds of the buckets of `svcproxy_call_duration_seconds` and `svcproxy_queue_wait_seconds`, in seconds,
   * ascending.
   * @defaultValue .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10
   * @throws {@link InvalidOptionError} when not an ascending list of numbers above 0
   */
  readonly buckets?: readonly number[]
}

/** The default of both client libraries, in seconds. */
const BUCKETS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

const NAMES: readonly string[] = ['client', 'register', 'buckets'] satisfies (keyof PrometheusMetricsOptions)[]

/**
 * Fills in the defaults.
 * @throws {@link InvalidOptionError}
 */
export function resolveOptions(options: PrometheusMetricsOptions): Required<PrometheusMetricsOptions> {
  for (const name of Object.keys(options)) {
    if (!NAMES.includes(name)) throw new InvalidOptionError('options', `an object with only ${NAMES.join(', ')}`, name)
  }
  const { client, buckets = BUCKETS } = options
  if (!isModule(client))
    throw new InvalidOptionError('client', 'the module prom-client or @prometheus-io/client', client)
  if (!isAscending(buckets)) throw new InvalidOptionError('buckets', 'an ascending list of numbers above 0', buckets)
  return { client, register: options.register ?? client.register, buckets }
}

/**
 * A registry can have the metrics of one manager only, because their names are the same.
 * @throws {@link InvalidOptionError}
 */
export function checkFree(register: PrometheusRegistry, names: Iterable<string>): void {
  for (const name of names) {
    if (register.getSingleMetric(name) === undefined) continue
    const expected = `a registry without ${name}: each manager needs its own registry`
    throw new InvalidOptionError('register', expected, register)
  }
}

function isModule(client: Partial<PrometheusClient> | undefined): boolean {
  const { Counter, Gauge, Histogram } = client ?? {}
  return [Counter, Gauge, Histogram].every((metric) => typeof metric === 'function')
}

function isAscending(buckets: readonly unknown[]): boolean {
  return (
    Array.isArray(buckets) &&
    buckets.length > 0 &&
    buckets.every((bound: unknown, index) => Number.isFinite(bound) && Number(bound) > Number(buckets[index - 1] ?? 0))
  )
}
