import { context, SpanKind, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { ConsoleSpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { instrument } from '@svcproxy/opentelemetry'
import type { RequestListener } from 'node:http'
import type { DemoManager } from './service-manager.ts'

/** Traces of a demo, printed on the console. */
export interface Tracing extends AsyncDisposable {
  /** Wraps a listener so that its requests are spans, the parents of their calls' spans. */
  around(listener: RequestListener): RequestListener
}

/**
 * A small replacement for `@opentelemetry/sdk-node` and its HTTP instrumentation: a provider, a context manager, and a
 * span per request.
 */
export function startTracing(manager: DemoManager): Tracing {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const tracerProvider = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter: new ConsoleSpanExporter() })],
  })
  const tracer = tracerProvider.getTracer('svcproxy-demo')
  const instrumented = instrument(manager, { tracerProvider, metrics: false })
  return {
    around: (listener) => (req, res) => {
      const span = tracer.startSpan(`${req.method}`, {
        kind: SpanKind.SERVER,
        attributes: { 'url.path': pathOf(req.url) },
      })
      res.on('close', () => {
        span.setAttribute('http.response.status_code', res.statusCode)
        span.end()
      })
      context.with(trace.setSpan(context.active(), span), () => listener(req, res))
    },
    async [Symbol.asyncDispose]() {
      instrumented[Symbol.dispose]()
      await tracerProvider.shutdown()
      context.disable()
    },
  }
}

function pathOf(target: string | undefined): string {
  return /^[^?]*/.exec(target ?? '')?.[0] ?? ''
}
