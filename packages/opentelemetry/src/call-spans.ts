import {
  context,
  type Attributes,
  type Context,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api'
import type { CallTrace } from '@svcproxy/core/adapter'
import { ActiveContext } from './active-context.ts'
import { callStarts, onCallEnd } from './call-channel.ts'
import { errorTypeOf } from './error-type.ts'
import { harmless } from './harmless.ts'
import type { LoadSpans } from './load-spans.ts'
import { isOfNoMethod, type ManagedCalls, UNKNOWN_METHOD } from './managed-calls.ts'

/**
 * One span per call, a child of the caller's span and active while the call runs. A `get()` that finds a fresh instance
 * has no span: it takes less time than its span would.
 */
export class CallSpans implements Disposable {
  readonly #tracer: Tracer
  readonly #calls: ManagedCalls
  readonly #attributes: Attributes
  readonly #loads: LoadSpans
  /** Not shared with others, because a channel binds a store only once. */
  readonly #activeContext = new ActiveContext()
  readonly #spans = new WeakMap<CallTrace, Span>()
  readonly #leave: () => void
  #underWay = 0
  #disposed = false

  /** @param loads the spans that the spans of calls link to */
  constructor(tracer: Tracer, calls: ManagedCalls, attributes: Attributes, loads: LoadSpans) {
    this.#tracer = tracer
    this.#calls = calls
    this.#attributes = attributes
    this.#loads = loads
    this.#leave = onCallEnd((call) => this.#end(call))
    callStarts.bindStore(this.#activeContext, (call) => harmless(() => this.#begin(call)))
  }

  /** Starts no more spans. Those of calls in flight still end. */
  [Symbol.dispose](): void {
    this.#disposed = true
    callStarts.unbindStore(this.#activeContext)
    this.#leaveWhenDone()
  }

  /** Returns the context in which the call has to run. */
  #begin(call: CallTrace): Context | undefined {
    if (!this.#calls.has(call) || this.#calls.isCached(call)) return undefined
    const { service, method } = call
    const callers = context.active()
    const attributes = { ...this.#attributes, 'svcproxy.service': service, 'svcproxy.method': method }
    const span = this.#tracer.startSpan(spanName(service, method), { kind: SpanKind.INTERNAL, attributes }, callers)
    this.#spans.set(call, span)
    this.#underWay++
    return trace.setSpan(callers, span)
  }

  #end(call: CallTrace): void {
    const span = this.#spans.get(call)
    if (span === undefined) return
    this.#spans.delete(call)
    this.#underWay--
    harmless(() => this.#link(span, call))
    harmless(() => describe(span, call))
    harmless(() => span.end())
    this.#leaveWhenDone()
  }

  /** Links to the load that the call waited for. */
  #link(span: Span, { load }: CallTrace): void {
    const loading = load && this.#loads.contextOf(load)
    if (loading !== undefined) span.addLink({ context: loading })
  }

  #leaveWhenDone(): void {
    if (this.#disposed && this.#underWay === 0) this.#leave()
  }
}

function describe(span: Span, call: CallTrace): void {
  if (!span.isRecording()) return
  const { service, outcome, source, attempts, queuedMs } = call
  if (isOfNoMethod(call)) {
    span.updateName(spanName(service, UNKNOWN_METHOD))
    span.setAttribute('svcproxy.method', UNKNOWN_METHOD)
  }
  span.setAttribute('svcproxy.source', source)
  if (outcome !== undefined) span.setAttribute('svcproxy.outcome', outcome)
  if (attempts > 1) span.setAttribute('svcproxy.attempts', attempts)
  if (queuedMs !== undefined) span.setAttribute('svcproxy.queue.wait', queuedMs / 1000)
  const errorType = errorTypeOf(call)
  if (errorType === undefined) return
  span.setAttribute('error.type', errorType)
  // No message: an error message of a service may contain anything.
  span.setStatus({ code: SpanStatusCode.ERROR })
}

function spanName(service: string, method: string): string {
  return `${service}.${method}`
}
