import { channel } from 'node:diagnostics_channel'
import { context, SpanKind, SpanStatusCode, trace, type Context, type Span, type Tracer } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AlwaysOffSampler,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { factoryProvider, ServiceProxyManager, type ServiceProxyOptions } from '@svcproxy/core'
import { ManualClock, plainBreaker } from '@svcproxy/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { instrument, type InstrumentOptions } from './index.ts'

const contextManager = new AsyncLocalStorageContextManager()
const exporter = new InMemorySpanExporter()
const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
const application: Tracer = tracerProvider.getTracer('application')

beforeAll(() => context.setGlobalContextManager(contextManager.enable()))
afterEach(() => exporter.reset())
afterAll(() => context.disable())

class SoldOut extends Error {}

/** A service whose methods do what clients of databases do: take turns, and make spans of their own. */
class Stock {
  async count(article: string): Promise<number> {
    return application.startActiveSpan(`SELECT ${article}`, async (span) => {
      await turn()
      span.end()
      return article.length
    })
  }

  async reserve(): Promise<void> {
    throw new SoldOut('password=hunter2')
  }

  hang(): Promise<never> {
    return new Promise(() => {})
  }

  plain(): Promise<string> {
    return Promise.resolve('plain')
  }
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

function stock(options: Partial<ServiceProxyOptions<Stock>> = {}): ServiceProxyManager<{ stock: Stock }> {
  return new ServiceProxyManager({ breaker: plainBreaker }).add('stock', {
    provider: factoryProvider('stock', { create: () => new Stock() }),
    ...options,
  })
}

/** Runs `work` in a span, as instrumented servers run a request. */
async function request<R>(name: string, work: () => Promise<R>): Promise<R> {
  return application.startActiveSpan(name, { kind: SpanKind.SERVER }, async (span) => {
    try {
      return await work()
    } finally {
      span.end()
    }
  })
}

function traced<M extends object>(manager: ServiceProxyManager<M>, options: InstrumentOptions = {}): Disposable {
  return instrument(manager, { tracerProvider, metrics: false, ...options })
}

function spanNamed(name: string): ReadableSpan {
  const found = exporter.getFinishedSpans().filter((span) => span.name === name)
  expect(found, `spans named ${name}`).toHaveLength(1)
  return found[0]!
}

const finished = (): string[] => exporter.getFinishedSpans().map(({ name }) => name)
const parentOf = (name: string): string | undefined => spanNamed(name).parentSpanContext?.spanId
const idOf = (name: string): string => spanNamed(name).spanContext().spanId

describe('spans of calls', () => {
  test('are children of the span of the request, and parents of the spans that the service makes', async () => {
    const manager = stock()
    using _ = traced(manager)
    expect(await request('GET /stock', () => manager.services.stock.count('tea'))).toBe(3)
    expect(parentOf('stock.count')).toBe(idOf('GET /stock'))
    expect(parentOf('SELECT tea')).toBe(idOf('stock.count'))
    expect(spanNamed('stock.count').kind).toBe(SpanKind.INTERNAL)
  })

  test('say which service and method, how the call ended, and what answered', async () => {
    const manager = stock()
    using _ = traced(manager)
    await manager.services.stock.count('tea')
    expect(spanNamed('stock.count').attributes).toEqual({
      'svcproxy.service': 'stock',
      'svcproxy.method': 'count',
      'svcproxy.outcome': 'success',
      'svcproxy.source': 'origin',
    })
    expect(spanNamed('stock.count').status).toEqual({ code: SpanStatusCode.UNSET })
    expect(spanNamed('stock.count').instrumentationScope.name).toBe('@svcproxy/opentelemetry')
  })

  test('have the path of a method in a namespace', async () => {
    const chat = { completions: { create: async () => 'answer' } }
    const manager = new ServiceProxyManager({ breaker: plainBreaker }).add('model', {
      provider: factoryProvider('model', { create: () => ({ chat }) }),
    })
    using _ = traced(manager)
    await manager.services.model.chat.completions.create()
    expect(spanNamed('model.chat.completions.create').attributes['svcproxy.method']).toBe('chat.completions.create')
  })

  test('leave the active span of the caller as it was', async () => {
    const manager = stock()
    using _ = traced(manager)
    await request('GET /stock', async () => {
      const before = trace.getActiveSpan()
      const answer = manager.services.stock.count('tea')
      expect(trace.getActiveSpan()).toBe(before)
      await answer
      expect(trace.getActiveSpan()).toBe(before)
    })
  })

  test('keep their own parents while calls are interleaved', async () => {
    const manager = stock()
    using _ = traced(manager)
    const articles = ['tea', 'milk', 'sugar', 'coffee', 'chocolate']
    await Promise.all(
      articles.map((article) =>
        request(`GET ${article}`, async () => {
          await turn()
          await manager.getProxy('stock').call(async (service) => {
            await turn()
            return service.count(article)
          })
        }),
      ),
    )
    const calls = exporter.getFinishedSpans().filter(({ name }) => name === 'stock.$call')
    for (const article of articles) {
      const call = calls.find((span) => span.spanContext().spanId === parentOf(`SELECT ${article}`))
      expect(call?.parentSpanContext?.spanId).toBe(idOf(`GET ${article}`))
    }
  })

  test('of which one was retried say how many attempts there were, and are the parents of what all of them do', async () => {
    const clock = new ManualClock()
    let attempts = 0
    const find = async (): Promise<string> => {
      application.startSpan(`attempt ${++attempts}`).end()
      if (attempts === 1) throw new Error('overloaded')
      return 'found'
    }
    const manager = new ServiceProxyManager({ breaker: plainBreaker, clock }).add('shop', {
      provider: factoryProvider('shop', { create: () => ({ find }) }),
      methods: { find: { retry: true } },
      random: () => 0.5,
    })
    using _ = traced(manager)
    const found = request('GET /shop', () => manager.services.shop.find())
    await clock.advanceAsync(50)
    expect(await found).toBe('found')
    expect(spanNamed('shop.find').attributes).toEqual({
      'svcproxy.service': 'shop',
      'svcproxy.method': 'find',
      'svcproxy.outcome': 'success',
      'svcproxy.source': 'origin',
      'svcproxy.attempts': 2,
    })
    expect(spanNamed('shop.find').status).toEqual({ code: SpanStatusCode.UNSET })
    expect(parentOf('shop.find')).toBe(idOf('GET /shop'))
    expect(parentOf('attempt 1')).toBe(idOf('shop.find'))
    expect(parentOf('attempt 2')).toBe(idOf('shop.find'))
  })

  test('whose retry the budget denied say nothing of attempts: there was one', async () => {
    const manager = stock({
      methods: { reserve: { retry: true } },
      retryBudget: { ratio: 0, minPerSecond: 0 },
    })
    using _ = traced(manager)
    await expect(manager.services.stock.reserve()).rejects.toThrow(SoldOut)
    expect(manager.getProxy('stock').getMetrics().retries.denied).toBe(1)
    expect(spanNamed('stock.reserve').attributes).not.toHaveProperty('svcproxy.attempts')
  })

  test('that waited in the queue say how long, in seconds, and are the parents of what they then do', async () => {
    const clock = new ManualClock()
    const manager = stock({ clock, maxConcurrentCalls: 1, maxQueuedCalls: 2 })
    using _ = traced(manager)
    const calls = ['tea', 'milk', 'sugar'].map((article) =>
      request(`GET ${article}`, () =>
        manager.getProxy('stock').call(async () => {
          application.startSpan(`SELECT ${article}`).end()
          await new Promise<void>((resolve) => void clock.setTimer(resolve, 80))
        }),
      ),
    )
    await clock.advanceAsync(240)
    await Promise.all(calls)
    const spans = exporter.getFinishedSpans().filter(({ name }) => name === 'stock.$call')
    expect(spans.map(({ attributes }) => attributes['svcproxy.queue.wait'])).toEqual([undefined, 0.08, 0.16])
    for (const [index, article] of ['tea', 'milk', 'sugar'].entries()) {
      expect(parentOf(`SELECT ${article}`)).toBe(spans[index]!.spanContext().spanId)
      expect(spans[index]!.parentSpanContext?.spanId).toBe(idOf(`GET ${article}`))
    }
  })

  test('link to that of the load they waited for: a root, and the parent of what the load does', async () => {
    let connected = (): void => {}
    const connecting = new Promise<void>((resolve) => (connected = resolve))
    const manager = new ServiceProxyManager().add('pool', {
      provider: factoryProvider('pool', {
        create: async () => {
          application.startSpan('connect').end()
          await connecting
          return { query: async () => 1 }
        },
      }),
    })
    using _ = traced(manager)
    const waiting = [
      request('GET /', () => manager.services.pool.query()),
      request('HEAD /', () => manager.getProxy('pool').get()),
    ]
    await turn()
    connected()
    await Promise.all(waiting)
    await request('PUT /', () => manager.services.pool.query())
    const load = spanNamed('pool.$load')
    expect(load.parentSpanContext).toBeUndefined()
    expect(load.attributes).toMatchObject({ 'svcproxy.service': 'pool', 'svcproxy.method': '$load' })
    expect(parentOf('connect')).toBe(idOf('pool.$load'))
    expect(parentOf('pool.$get')).toBe(idOf('HEAD /'))
    const calls = exporter.getFinishedSpans().filter(({ name }) => /^pool\.(query|\$get)$/.test(name))
    expect(calls.map(({ links }) => links.map(({ context: linked }) => linked.spanId))).toEqual([
      [idOf('pool.$load')],
      [idOf('pool.$load')],
      [],
    ])
  })

  test('of a load that fails has the type of its error, and no message', async () => {
    const manager = new ServiceProxyManager().add('pool', {
      provider: factoryProvider<Stock>('pool', { create: () => Promise.reject(new SoldOut('password=hunter2')) }),
    })
    using _ = traced(manager)
    await expect(manager.services.pool.plain()).rejects.toThrow('its provider failed')
    const { attributes, status, events } = spanNamed('pool.$load')
    expect(attributes['error.type']).toBe('SVCPROXY_UNAVAILABLE')
    expect(status).toEqual({ code: SpanStatusCode.ERROR })
    expect(events).toEqual([])
  })

  test('are not made for a get() that finds a fresh instance', async () => {
    const clock = new ManualClock()
    const manager = stock({ clock, cacheTtlMs: 1_000, cacheTtlJitterRatio: 0 })
    using _ = traced(manager)
    await manager.getProxy('stock').get()
    await manager.getProxy('stock').get()
    expect(finished()).toEqual(['stock.$load', 'stock.$get'])
    clock.advance(1_000)
    await manager.getProxy('stock').get()
    expect(finished()).toEqual(['stock.$load', 'stock.$get', 'stock.$load', 'stock.$get'])
  })

  test('are made for a get() that an open circuit refuses although an instance is cached', async () => {
    const manager = stock()
    const proxy = manager.getProxy('stock')
    await proxy.get()
    using _ = traced(manager)
    using _isolated = proxy.isolateCircuit()
    await expect(proxy.get()).rejects.toMatchObject({ code: 'SVCPROXY_CIRCUIT_OPEN' })
    expect(spanNamed('stock.$get').attributes).toMatchObject({ 'svcproxy.outcome': 'rejected' })
  })

  test('are not made for a get() that an open circuit lets through because it only observes', async () => {
    const manager = stock({ circuit: { failureThreshold: 1, mode: 'observe' } })
    const proxy = manager.getProxy('stock')
    await proxy.get()
    await proxy.call(() => Promise.reject(new Error('down'))).catch(() => {})
    expect(proxy.circuitState).toBe('open')
    using _ = traced(manager)
    await proxy.get()
    expect(finished()).toEqual([])
    using _isolated = proxy.isolateCircuit()
    await expect(proxy.get()).rejects.toMatchObject({ code: 'SVCPROXY_CIRCUIT_OPEN' })
    expect(finished()).toEqual(['stock.$get'])
  })

  test('are made for a get() of a service that was stopped', async () => {
    const manager = stock()
    await manager.getProxy('stock').get()
    using _ = traced(manager)
    await manager.stop()
    await expect(manager.getProxy('stock').get()).rejects.toMatchObject({ code: 'SVCPROXY_STOPPED' })
    expect(spanNamed('stock.$get').attributes).toMatchObject({ 'error.type': 'SVCPROXY_STOPPED' })
  })

  test('carry the attributes of the application', async () => {
    const manager = stock()
    using _ = traced(manager, { attributes: { 'shop.tenant': 'north' } })
    await manager.services.stock.plain()
    expect(spanNamed('stock.plain').attributes).toMatchObject({ 'shop.tenant': 'north' })
  })

  test('that are not sampled still carry the trace of the request on', async () => {
    const unsampled = new TracerProvider({ sampler: new AlwaysOffSampler() })
    const manager = stock()
    using _ = traced(manager, { tracerProvider: unsampled })
    await request('GET /stock', async () => {
      const { traceId } = trace.getActiveSpan()!.spanContext()
      await manager.getProxy('stock').call(async () => {
        await turn()
        expect(trace.getActiveSpan()?.spanContext().traceId).toBe(traceId)
      })
    })
    expect(finished()).toEqual(['GET /stock'])
  })
})

describe('a call that fails', () => {
  test('has the class of the error as its type, and never the message', async () => {
    const manager = stock()
    using _ = traced(manager)
    await expect(manager.services.stock.reserve()).rejects.toThrow(SoldOut)
    const span = spanNamed('stock.reserve')
    expect(span.attributes).toMatchObject({ 'svcproxy.outcome': 'failure', 'error.type': 'SoldOut' })
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR })
    expect(span.events).toEqual([])
    expect(JSON.stringify([span.attributes, span.status])).not.toContain('hunter2')
  })

  test('has the code of this library as its type when the error is of this library', async () => {
    const clock = new ManualClock()
    const manager = stock({ clock, timeoutMs: 100 })
    using _ = traced(manager)
    const hung = manager.services.stock.hang()
    const answered = expect(hung).rejects.toMatchObject({ code: 'SVCPROXY_TIMEOUT' })
    await clock.advanceAsync(100)
    await answered
    expect(spanNamed('stock.hang').attributes).toMatchObject({
      'svcproxy.outcome': 'timeout',
      'error.type': 'SVCPROXY_TIMEOUT',
    })

    using _isolated = manager.getProxy('stock').isolateCircuit()
    await expect(manager.services.stock.plain()).rejects.toMatchObject({ code: 'SVCPROXY_CIRCUIT_OPEN' })
    expect(spanNamed('stock.plain').attributes).toMatchObject({
      'svcproxy.outcome': 'rejected',
      'error.type': 'SVCPROXY_CIRCUIT_OPEN',
    })
    expect(spanNamed('stock.plain').status).toEqual({ code: SpanStatusCode.ERROR })
  })

  test('with something that is no error has a type all the same', async () => {
    const manager = stock()
    using _ = traced(manager)
    const call = manager.getProxy('stock').call(() => Promise.reject('a string'))
    await expect(call).rejects.toBe('a string')
    expect(spanNamed('stock.$call').attributes['error.type']).toBe('_OTHER')
  })

  test('and is saved by a fallback is no error, and says that the fallback answered', async () => {
    const manager = stock()
    using _ = traced(manager)
    const answer = await manager
      .getProxy('stock')
      .call((service) => service.reserve().then(() => 'reserved'), { fallback: () => 'later' })
    expect(answer).toBe('later')
    const span = spanNamed('stock.$call')
    expect(span.attributes).toEqual({
      'svcproxy.service': 'stock',
      'svcproxy.method': '$call',
      'svcproxy.outcome': 'failure',
      'svcproxy.source': 'fallback',
    })
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
  })

  test('and whose fallback fails too has the type of the error that the caller got', async () => {
    const manager = stock()
    using _ = traced(manager)
    const fallback = (): never => {
      throw new RangeError('none left')
    }
    const call = manager.getProxy('stock').call((service) => service.reserve(), { fallback })
    await expect(call).rejects.toThrow(RangeError)
    expect(spanNamed('stock.$call').attributes['error.type']).toBe('RangeError')
  })

  test('with an error of the domain is no error of the service', async () => {
    const manager = stock({ circuit: { isFailure: (error) => !(error instanceof SoldOut) } })
    using _ = traced(manager)
    await expect(manager.services.stock.reserve()).rejects.toThrow(SoldOut)
    const span = spanNamed('stock.reserve')
    expect(span.attributes).toMatchObject({ 'svcproxy.outcome': 'ignored' })
    expect(span.attributes).not.toHaveProperty('error.type')
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
  })

  test('because its caller gave up is no error of the service', async () => {
    const manager = stock()
    using _ = traced(manager)
    const caller = new AbortController()
    const call = manager.getProxy('stock').call((service) => service.hang(), { signal: caller.signal })
    const answered = expect(call).rejects.toThrow('gone')
    await turn()
    caller.abort(new Error('gone'))
    await answered
    expect(spanNamed('stock.$call').attributes).toMatchObject({ 'svcproxy.outcome': 'ignored' })
    expect(spanNamed('stock.$call').status).toEqual({ code: SpanStatusCode.UNSET })
  })

  test('because the service has no such method does not carry that name', async () => {
    const manager = stock()
    using _ = traced(manager)
    const service: object = manager.services.stock
    const call = Reflect.get(service, 'from a user') as () => Promise<unknown>
    await expect(call()).rejects.toThrow(TypeError)
    expect(spanNamed('stock.$unknown').attributes).toMatchObject({
      'svcproxy.method': '$unknown',
      'svcproxy.outcome': 'rejected',
      'error.type': 'TypeError',
    })
  })
})

describe('several managers', () => {
  test('that are instrumented each get the spans of their own services, whatever their names', async () => {
    const [north, south] = [stock(), stock()]
    using _north = traced(north, { attributes: { side: 'north' } })
    using _south = traced(south, { attributes: { side: 'south' } })
    await request('GET /', async () => {
      await north.services.stock.count('tea')
      await south.services.stock.count('milk')
    })
    for (const [side, article] of [
      ['north', 'tea'],
      ['south', 'milk'],
    ]) {
      const spans = exporter.getFinishedSpans().filter(({ attributes }) => attributes['side'] === side)
      expect(spans.map(({ name }) => name)).toEqual(['stock.$load', 'stock.count'])
      expect(parentOf(`SELECT ${article}`)).toBe(spans[1]!.spanContext().spanId)
      expect(spans[1]!.parentSpanContext?.spanId).toBe(idOf('GET /'))
    }
  })

  test('that nobody instrumented get no spans', async () => {
    using _ = traced(stock())
    expect(await stock().services.stock.plain()).toBe('plain')
    expect(finished()).toEqual([])
  })

  test('get spans for a service that was added, or added again, after they were instrumented', async () => {
    const manager = new ServiceProxyManager<{ late: { answer(): number } }>()
    using _ = traced(manager)
    for (const answer of [1, 2]) {
      manager.createProxy('late', {
        provider: factoryProvider('late', { create: () => ({ answer: () => answer }) }),
      })
      expect(await manager.services.late.answer()).toBe(answer)
      await manager.removeProxy('late')
    }
    expect(finished()).toEqual(['late.$load', 'late.answer', 'late.$load', 'late.answer'])
  })
})

describe('disposed', () => {
  test('it makes no more spans, ends those under way, and then listens no more', async () => {
    const manager = stock()
    const handle = traced(manager)
    let release = (_answer: string): void => {}
    const answer = new Promise<string>((resolve) => {
      release = resolve
    })
    const underWay = manager.getProxy('stock').call(() => answer)
    await turn()
    handle[Symbol.dispose]()
    handle[Symbol.dispose]()
    expect(await manager.services.stock.plain()).toBe('plain')
    expect(finished()).toEqual(['stock.$load'])
    expect(channel('tracing:svcproxy:call:asyncEnd').hasSubscribers).toBe(true)
    release('done')
    await underWay
    expect(finished()).toEqual(['stock.$load', 'stock.$call'])
    for (const what of ['call:asyncEnd', 'call:start', 'load:asyncEnd', 'load:start']) {
      expect([what, channel(`tracing:svcproxy:${what}`).hasSubscribers]).toEqual([what, false])
    }
  })

  test('it listens to nothing when nothing was asked for', () => {
    using _ = instrument(stock(), { traces: false, metrics: false })
    expect(channel('tracing:svcproxy:call:start').hasSubscribers).toBe(false)
    expect(channel('tracing:svcproxy:call:asyncEnd').hasSubscribers).toBe(false)
  })
})

describe('what OpenTelemetry throws', () => {
  const broken = (): never => {
    throw new Error('broken')
  }

  test.each<[string, Partial<Tracer>]>([
    ['when a span starts', { startSpan: broken }],
    ['when a span is written to and ended', { startSpan: () => brokenSpan }],
  ])('reaches no call: %s', async (_when, tracer) => {
    const manager = stock()
    using _ = traced(manager, { tracerProvider: { getTracer: () => tracer as Tracer } })
    expect(await manager.services.stock.plain()).toBe('plain')
    await expect(manager.services.stock.reserve()).rejects.toThrow(SoldOut)
    expect(await manager.getProxy('stock').get()).toBeInstanceOf(Stock)
    expect(manager.getProxy('stock').getMetrics()).toMatchObject({ totalRequests: 3, failedRequests: 1 })
    await turn()
  })

  test('reaches no call: when the context cannot be entered', async () => {
    const manager = stock()
    using _ = traced(manager)
    context.disable()
    context.setGlobalContextManager({
      ...brokenContextManager,
      active: () => contextManager.active(),
    })
    try {
      expect(await manager.services.stock.plain()).toBe('plain')
      await expect(manager.getProxy('stock').call(() => Promise.reject(new SoldOut()))).rejects.toThrow(SoldOut)
    } finally {
      context.disable()
      context.setGlobalContextManager(contextManager.enable())
    }
  })

  const brokenSpan = new Proxy({} as Span, { get: () => broken })
  const brokenContextManager = {
    active: (): Context => broken(),
    with: broken,
    bind: broken,
    enable() {
      return this
    },
    disable() {
      return this
    },
  }
})
