import { metrics as globalMetrics, trace as globalTraces } from '@opentelemetry/api'
import type { Attributes, MeterProvider, TracerProvider } from '@opentelemetry/api'
import type { ServiceProxyManager } from '@svcproxy/core'
import { recordCallDurations } from './call-durations.ts'
import { CallSpans } from './call-spans.ts'
import { observeFleet } from './fleet-observations.ts'
import { LoadSpans } from './load-spans.ts'
import { ManagedCalls } from './managed-calls.ts'
import { observeServices } from './service-observations.ts'

/** What {@link instrument} does, and with which providers. */
export interface InstrumentOptions {
  /** Where spans go. @defaultValue the global provider, also one that is set later */
  readonly tracerProvider?: TracerProvider
  /** Where metrics go. @defaultValue the global provider of the moment: start the SDK first, or its metrics stay empty */
  readonly meterProvider?: MeterProvider
  /** Whether to make spans. @defaultValue true */
  readonly traces?: boolean
  /** Whether to make metrics. @defaultValue true */
  readonly metrics?: boolean
  /**
   * Added to every span and every metric. Two managers of one process whose services share names need something here
   * that tells them apart. @defaultValue none
   */
  readonly attributes?: Attributes
}

/** The instrumentation scope of all that this package makes. */
const SCOPE = '@svcproxy/opentelemetry'

/**
 * Makes spans and metrics of all services of a manager, also of those that are added later, and metrics of its fleet. What a tracer or a meter
 * throws while calls run reaches `diag` of `@opentelemetry/api`, never a call.
 * @returns the handle that ends it; calls under way then still get the end of their spans
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
