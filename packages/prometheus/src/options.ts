import { InvalidOptionError } from '@svcproxy/core'
import type { PrometheusClient, PrometheusRegistry } from './prometheus-client.ts'

/** Where the metrics go. */
export interface PrometheusMetricsOptions {
  /** The module of the application: `import * as client from 'prom-client'`, or from `'@prometheus-io/client'`. */
  readonly client: PrometheusClient
  /** The registry to add the metrics to. @defaultValue `client.register`, the default registry of the module */
  readonly register?: PrometheusRegistry
  /**
   * Upper bounds of the buckets of `svcproxy_call_duration_seconds` and `svcproxy_queue_wait_seconds`, in seconds,
   * ascending.
   * @defaultValue .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10
   */
  readonly buckets?: readonly number[]
}

/** The default of both client libraries, in seconds. */
const BUCKETS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

const NAMES: readonly string[] = ['client', 'register', 'buckets'] satisfies (keyof PrometheusMetricsOptions)[]

/**
 * The options, defaults filled in.
 * @throws {@link InvalidOptionError}
 */
export function resolveOptions(options: PrometheusMetricsOptions): Required<PrometheusMetricsOptions> {
  for (const name of Object.keys(options)) {
    if (!NAMES.includes(name)) throw new InvalidOptionError('options', `an object with only ${NAMES.join(', ')}`, name)
  }
  const { client, buckets = BUCKETS } = options
  if (!isModule(client))
    throw new InvalidOptionError('client', 'the module prom-client or @prometheus-io/client', client)
  if (!isAscending(buckets)) throw new InvalidOptionError('buckets', 'a list of numbers above 0, ascending', buckets)
  return { client, register: options.register ?? client.register, buckets }
}

/**
 * One manager to a registry: the names would be taken.
 * @throws {@link InvalidOptionError}
 */
export function checkFree(register: PrometheusRegistry, names: Iterable<string>): void {
  for (const name of names) {
    if (register.getSingleMetric(name) === undefined) continue
    const expected = `a registry that has no ${name} yet: each manager needs one of its own`
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
