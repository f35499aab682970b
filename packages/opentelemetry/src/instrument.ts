import { metrics as globalMetrics, trace as globalTraces } from '@opentelemetry/api'
import type { Attributes, MeterProvider, TracerProvider } from '@opentelemetry/api'
import type { ServiceProxyManager } from '@svcproxy/core'
import { recordCallDurations } from './call-durations.ts'
import { CallSpans } from './call-spans.ts'
import { observeFleet } from './fleet-observations.ts'
import { LoadSpans } from './load-spans.ts'
import { ManagedCalls } from './managed-calls.ts'
import { observeServices } from './service-observations.ts'

/** Options of {@link instrument}. */
export interface InstrumentOptions {
  /** The provider for spans. @defaultValue the global provider, even if it is set later */
  readonly tracerProvider?: TracerProvider
  /**
   * The provider for metrics.
   * @defaultValue the current global provider: start the SDK first, or there are no metrics
   */
  readonly meterProvider?: MeterProvider
  /** Whether to create spans. @defaultValue true */
  readonly traces?: boolean
  /** Whether to create metrics. @defaultValue true */
  readonly metrics?: boolean
  /**
   * Attributes of every span and every metric. If two managers of one process have services of the same name, they need
   * different attributes here.
   * @defaultValue none
   */
  readonly attributes?: Attributes
}

/** The instrumentation scope of everything that this package creates. */
const SCOPE = '@svcproxy/opentelemetry'

/**
 * Creates spans and metrics for all services of a manager, including services added later, and metrics for its fleet.
 * Errors that a tracer or a meter throws while calls run go to `diag` of `@opentelemetry/api`, never to a call.
 * @returns a handle; disposing it ends the instrumentation, but the spans of calls in flight still end
 */
export function instrument<M extends object>(
  manager: ServiceProxyManager<M>,
  options: InstrumentOptions = {},
): Disposable {
  const { traces = true, metrics = true, attributes = {} } = options
  const calls = new ManagedCalls((service) => (manager.has(service) ? manager.getProxy(service) : undefined))
  const parts: Disposable[] = []
  if (metrics) {
    const meter = (options.meterProvider ?? globalMetrics).getMeter(SCOPE)
    parts.push(observeServices(meter, manager, attributes), observeFleet(meter, manager, attributes))
    parts.push(recordCallDurations(meter, calls, attributes))
  }
  if (traces) {
    const tracer = (options.tracerProvider ?? globalTraces).getTracer(SCOPE)
    const loads = new LoadSpans(tracer, calls, attributes)
    parts.push(loads, new CallSpans(tracer, calls, attributes, loads))
  }
  return {
    [Symbol.dispose]() {
      for (const part of parts) part[Symbol.dispose]()
    },
  }
}
