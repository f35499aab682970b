import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api'
import type { LoadTrace } from '@svcproxy/core/adapter'
import { ActiveContext } from './active-context.ts'
import { loadStarts, onLoadEnd } from './call-channel.ts'
import { classOf } from './error-type.ts'
import { harmless } from './harmless.ts'
import type { ManagedCalls } from './managed-calls.ts'

/** The name of a load in the place of a method. */
const LOAD = '$load'

/**
 * One span per load of an instance. It is the root of its own trace, because a load serves all calls that wait for it,
 * and its instance outlives them. The spans of those calls link to it.
 */
export class LoadSpans implements Disposable {
  readonly #tracer: Tracer
  readonly #calls: ManagedCalls
  readonly #attributes: Attributes
  /** Not shared with others, because a channel binds a store only once. */
  readonly #activeContext = new ActiveContext()
  readonly #spans = new WeakMap<LoadTrace, Span>()
  readonly #leave: () => void
  #underWay = 0
  #disposed = false

  constructor(tracer: Tracer, calls: ManagedCalls, attributes: Attributes) {
    this.#tracer = tracer
    this.#calls = calls
    this.#attributes = attributes
    this.#leave = onLoadEnd((load) => this.#end(load))
    loadStarts.bindStore(this.#activeContext, (load) => harmless(() => this.#begin(load)))
  }

  /** The span context of a load, also after its end; undefined if it has no span. */
  contextOf(load: LoadTrace): SpanContext | undefined {
    return this.#spans.get(load)?.spanContext()
  }

  /** Starts no more spans. Those of loads in flight still end. */
  [Symbol.dispose](): void {
    this.#disposed = true
    loadStarts.unbindStore(this.#activeContext)
    this.#leaveWhenDone()
  }

  /** Returns the context in which the load has to run. */
  #begin(load: LoadTrace): Context | undefined {
    if (!this.#calls.has(load)) return undefined
    const { service } = load
    const attributes = { ...this.#attributes, 'svcproxy.service': service, 'svcproxy.method': LOAD }
    const options = { kind: SpanKind.INTERNAL, attributes, root: true }
    const span = this.#tracer.startSpan(`${service}.${LOAD}`, options, ROOT_CONTEXT)
    this.#spans.set(load, span)
    this.#underWay++
    return trace.setSpan(ROOT_CONTEXT, span)
  }

  #end(load: LoadTrace): void {
    const span = this.#spans.get(load)
    if (span === undefined) return
    this.#underWay--
    harmless(() => describe(span, load))
    harmless(() => span.end())
    this.#leaveWhenDone()
  }

  #leaveWhenDone(): void {
    if (this.#disposed && this.#underWay === 0) this.#leave()
  }
}

function describe(span: Span, { error }: LoadTrace): void {
  if (error === undefined || !span.isRecording()) return
  span.setAttribute('error.type', classOf(error))
  // No message: an error message of a provider may contain anything.
  span.setStatus({ code: SpanStatusCode.ERROR })
}
