// Those who watch the calls of a manager, each as its own documentation sets it up.
import type { InMemorySpanExporter } from '@opentelemetry/sdk-trace'
import type { ServiceProxyManager } from '@svcproxy/core'
import { tracingChannel } from 'node:diagnostics_channel'
import type { service } from './service.ts'

/** The manager whose calls are watched. */
type WatchedManager = ServiceProxyManager<{ service: typeof service }>

/** Somebody who watches. */
interface Observer {
  /** How many calls it has seen: who sees none costs nothing. */
  seen(): number | Promise<number>
  end(): void | Promise<void>
}

/** Starts to watch. */
export type Observe = (manager: WatchedManager) => Observer | Promise<Observer>

const CALLS_OF_THE_PAST = 1_000

/** A subscriber of all that core tells of calls, which has gone again. */
export const passer: Observe = async ({ services }) => {
  let ended = 0
  const listeners = {
    start() {},
    end() {},
    asyncStart() {},
    asyncEnd: () => void ended++,
    error() {},
  }
  const calls = tracingChannel('svcproxy:call')
  calls.subscribe(listeners)
  // Enough of them for the compiler to have seen both ways.
  for (let n = 0; n < CALLS_OF_THE_PAST; n++) await services.service.find(n)
  calls.unsubscribe(listeners)
  return { seen: () => ended, end() {} }
}

/** A registry of its own, which nobody scrapes. */
export const prometheus: Observe = async (manager) => {
  const [{ prometheusMetrics }, { default: client }] = await Promise.all([
    import('@svcproxy/prometheus'),
    import('prom-client'),
  ])
  const register = new client.Registry()
  const metrics = prometheusMetrics(manager, { client, register })
  return {
    async seen() {
      const counted = /^svcproxy_call_duration_seconds_count\{.*method="find".*\} (\d+)$/m.exec(
        await register.metrics(),
      )
      return Number(counted?.[1] ?? 0)
    },
    end: () => metrics.dispose(),
  }
}

/** The SDK with a reader that collects when it is asked. */
export const openTelemetryMetrics: Observe = async (manager) => {
  const [{ instrument }, { MeterProvider, MetricReader }] = await Promise.all([
    import('@svcproxy/opentelemetry'),
    import('@opentelemetry/sdk-metrics'),
  ])
  class ReaderOnDemand extends MetricReader {
    protected override async onShutdown(): Promise<void> {}
    protected override async onForceFlush(): Promise<void> {}
  }
  const reader = new ReaderOnDemand()
  const meterProvider = new MeterProvider({ readers: [reader] })
  const instrumentation = instrument(manager, { meterProvider, traces: false })
  return {
    async seen() {
      const { resourceMetrics } = await reader.collect()
      const durations = resourceMetrics.scopeMetrics
        .flatMap(({ metrics }) => metrics)
        .find(({ descriptor }) => descriptor.name === 'svcproxy.call.duration')
      return durations?.dataPoints.length ?? 0
    },
    async end() {
      instrumentation[Symbol.dispose]()
      await meterProvider.shutdown()
    },
  }
}

/** The SDK as in production: every call sampled, spans in batches; but who gets the batches drops them. */
export const openTelemetryTraces: Observe = async (manager) => {
  const [{ instrument }, { context }, { AsyncLocalStorageContextManager }, sdk] = await Promise.all([
    import('@svcproxy/opentelemetry'),
    import('@opentelemetry/api'),
    import('@opentelemetry/context-async-hooks'),
    import('@opentelemetry/sdk-trace'),
  ])
  let exported = 0
  class DroppingExporter extends sdk.InMemorySpanExporter {
    override export(...[spans, tell]: Parameters<InMemorySpanExporter['export']>): void {
      exported += spans.length
      super.export(spans, tell)
      this.reset()
    }
  }
  const processor = new sdk.BatchSpanProcessor({ exporter: new DroppingExporter() })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const tracerProvider = new sdk.TracerProvider({ spanProcessors: [processor] })
  const instrumentation = instrument(manager, { tracerProvider, metrics: false })
  return {
    async seen() {
      await tracerProvider.forceFlush()
      return exported
    },
    async end() {
      instrumentation[Symbol.dispose]()
      await tracerProvider.shutdown()
      context.disable()
    },
  }
}
