import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { fails, faultyService, hangs, ManualClock, plainBreaker, slows, succeeds } from '@svcproxy/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  CapacityError,
  CircuitOpenError,
  factoryProvider,
  ServiceProxy,
  ServiceProxyManager,
  ServiceTimeoutError,
  ServiceUnavailableError,
  StoppedError,
} from '../index.ts'
import type { ServiceProxyOptions } from '../index.ts'
import type { CallOutcome, CallSource, CallTrace } from '../adapter.ts'

const CALLS = tracingChannel<unknown, CallTrace>('svcproxy:call')
const PHASES = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const

const down = new Error('down')
const gone = new Error('the client is gone')
const notFound = new Error('not found')

interface Desk {
  ask(question: string): Promise<unknown>
}

/** The desk is one faulty service, the provider that gives it another. */
function setUp(options: Partial<ServiceProxyOptions<Desk>> = {}) {
  const clock = new ManualClock()
  const desk = faultyService({ clock })
  const service: Desk = { ask: async () => desk.call() }
  const loading = faultyService({ clock, behaviour: succeeds(service) })
  const proxy = new ServiceProxy<Desk>('desk', {
    provider: factoryProvider('desk', { create: async () => (await loading.call()) as Desk }),
    breaker: plainBreaker,
    clock,
    random: () => 0,
    circuit: { failureThreshold: 2, isFailure: (error) => error !== notFound },
    ...options,
  })
  return { clock, desk, loading, proxy }
}

/** What is told from now on, to the end of the test or until `stop` is called. */
function listen() {
  const told: { readonly phase: (typeof PHASES)[number]; readonly trace: CallTrace; readonly then: CallTrace }[] = []
  const hear = (phase: (typeof PHASES)[number]) => (trace: CallTrace) =>
    void told.push({ phase, trace, then: { ...trace } })
  const listeners = {
    start: hear('start'),
    end: hear('end'),
    asyncStart: hear('asyncStart'),
    asyncEnd: hear('asyncEnd'),
    error: hear('error'),
  }
  CALLS.subscribe(listeners)
  const stop = (): void => {
    CALLS.unsubscribe(listeners)
  }
  onTestFinished(stop)
  return {
    told,
    stop,
    phases: () => told.map(({ phase }) => phase),
    ended: () => told.filter(({ phase }) => phase === 'asyncEnd').map(({ then }) => then),
    errors: () => told.filter(({ phase }) => phase === 'error').map(({ then }) => then.error),
  }
}

function errorOf(request: Promise<unknown>): Promise<unknown> {
  return request.then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe('while nobody listens', () => {
  test('nothing is told, and a request that is under way when somebody begins to listen stays untold', async () => {
    const { clock, desk, proxy } = setUp()
    desk.next(slows(100))
    const early = proxy.service.ask('early')
    await clock.settle()
    const { told, ended } = listen()
    await clock.advanceAsync(100)
    await early
    expect(told).toEqual([])
    await proxy.get()
    expect(ended()).toHaveLength(1)
  })

  test('no request is told any more, not even the end of one that was begun before', async () => {
    const { clock, desk, proxy } = setUp()
    const { told, stop, phases } = listen()
    desk.next(slows(100))
    const begun = proxy.service.ask('begun')
    await clock.settle()
    stop()
    await clock.advanceAsync(100)
    await begun
    await proxy.get()
    expect(phases()).toEqual(['start', 'end'])
    expect(told[0]?.trace.durationMs, 'its end was seen nevertheless').toBe(100)
  })

  test.for(PHASES)('to anything but %s, that is told all the same', async (phase) => {
    const { desk, proxy } = setUp()
    const heard: CallTrace[] = []
    const listener = (message: unknown): void => void heard.push(message as CallTrace)
    subscribe(`tracing:svcproxy:call:${phase}`, listener)
    onTestFinished(() => void unsubscribe(`tracing:svcproxy:call:${phase}`, listener))
    desk.next(fails(down))
    await expect(proxy.service.ask('?')).rejects.toBe(down)
    expect(heard).toMatchObject([{ service: 'desk', method: 'ask' }])
  })
})

describe('a request', () => {
  test('is told of from start to asyncEnd, always the same object, its work between start and end', async () => {
    const { proxy } = setUp()
    await proxy.get()
    const { told, phases } = listen()
    const order: string[] = []
    const call = proxy.call(async () => {
      order.push(...phases(), 'work')
      return 'answer'
    })
    order.push(...phases().slice(order.length - 1), 'returned')
    expect(await call).toBe('answer')
    expect(order).toEqual(['start', 'work', 'end', 'returned'])
    expect(phases()).toEqual(['start', 'end', 'asyncStart', 'asyncEnd'])
    expect(new Set(told.map(({ trace }) => trace)).size).toBe(1)
    expect(told[0]?.then).toMatchObject({ service: 'desk', method: '$call', source: 'origin', proxy })
    expect(told.map(({ then }) => [then.outcome, then.durationMs])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
      ['success', 0],
      ['success', 0],
    ])
  })

  test('whose caller gets an error is told of on the error channel, too, with the error itself, before asyncEnd', async () => {
    const { desk, proxy } = setUp()
    const { told, phases, errors } = listen()
    desk.next(fails(down))
    await expect(proxy.service.ask('?')).rejects.toBe(down)
    expect(phases()).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd'])
    expect(errors()).toEqual([down])
    expect(told.map(({ then }) => then.error)).toEqual([undefined, undefined, down, down, down])
    expect(told[2]?.then.outcome).toBe('failure')
  })

  test('has ended for those who listen before its caller goes on', async () => {
    const { desk, proxy } = setUp()
    const { phases } = listen()
    const atContinuation: string[][] = []
    await proxy.service.ask('?').then(() => atContinuation.push(phases().slice(-1)))
    desk.next(fails(down))
    await proxy.service.ask('?').catch(() => atContinuation.push(phases().slice(-1)))
    expect(atContinuation).toEqual([['asyncEnd'], ['asyncEnd']])
  })

  test('names its method as the facade does; get() is $get and call() is $call', async () => {
    const open = Symbol('open')
    const manager = new ServiceProxyManager().add('door', {
      provider: factoryProvider('door', { create: () => ({ [open]: () => 1, shut: () => 2 }) }),
    })
    const proxy = manager.getProxy('door')
    const { ended } = listen()
    await manager.services.door.shut()
    await manager.services.door[open]()
    await manager.servicesWith({}).door.shut()
    await proxy.call(() => 3)
    await proxy.get()
    await proxy.getWithFallback(() => ({ [open]: () => 1, shut: () => 2 }))
    expect(ended().map(({ method }) => method)).toEqual(['shut', 'Symbol(open)', 'shut', '$call', '$get', '$get'])
  })

  test('takes as long as its caller waits: for the load, the work and the fallback', async () => {
    const { clock, desk, loading, proxy } = setUp()
    const { ended } = listen()
    loading.next(slows(300, succeeds({ ask: async () => desk.call() })))
    desk.next(slows(200, fails(down)))
    const call = proxy.call((service) => service.ask('?'), {
      fallback: () => new Promise<string>((resolve) => void clock.setTimer(() => resolve('instead'), 50)),
    })
    await clock.advanceAsync(550)
    expect(await call).toBe('instead')
    await proxy.get()
    const slow = errorOf(proxy.call(() => new Promise(() => undefined)))
    await clock.advanceAsync(5_000)
    expect(await slow).toBeInstanceOf(ServiceTimeoutError)
    expect(ended().map(({ durationMs }) => durationMs)).toEqual([550, 0, 5_000])
  })

  test('never shows an argument or an answer, wherever one looks', async () => {
    const { desk, proxy } = setUp({ fallback: () => ({ ask: async () => 'secret answer of the fallback' }) })
    const { told } = listen()
    desk.next(succeeds({ body: 'secret answer' }), fails(down))
    await proxy.service.ask('secret argument')
    await proxy.service.ask('secret argument')
    await proxy.call((service) => service.ask('secret argument'))
    const everything = inspect(told, { depth: null, showHidden: true, showProxy: true, maxStringLength: null })
    expect(told).toHaveLength(12)
    expect(everything).toContain('ask')
    expect(everything).not.toContain('secret')
  })

  test('is told of as one of its proxy, also when another has the same name', async () => {
    const [first, second] = [setUp().proxy, setUp().proxy]
    const { ended } = listen()
    await first.get()
    await second.get()
    await first.get()
    expect(ended().map(({ service }) => service)).toEqual(['desk', 'desk', 'desk'])
    expect(ended().map(({ proxy }) => proxy === first)).toEqual([true, false, true])
    expect(ended().map(({ proxy }) => proxy === second)).toEqual([false, true, false])
  })

  test('is answered, counted and cached as it is when nobody listens', async () => {
    const results = []
    for (const traced of [false, true]) {
      const { desk, proxy } = setUp()
      const stop = traced ? listen().stop : undefined
      desk.next(succeeds('yes'), fails(down))
      const answers = [await proxy.service.ask('?'), await errorOf(proxy.service.ask('?')), typeof (await proxy.get())]
      stop?.()
      results.push([answers, proxy.getMetrics()])
    }
    expect(results[1]).toEqual(results[0])
    expect(results[1]).toMatchObject([['yes', down, 'object'], { totalRequests: 3, cacheHits: 2, cacheMisses: 1 }])
  })

  test('is what a caller asked for: a health check is none', async () => {
    const { proxy } = setUp({ critical: true })
    const { told } = listen()
    expect(await proxy.checkHealth()).toBe(true)
    expect(told).toEqual([])
  })
})

type Setting = ReturnType<typeof setUp>

interface Case {
  readonly options?: Partial<ServiceProxyOptions<Desk>>
  /** What happens before anybody listens. */
  readonly before?: (setting: Setting) => unknown
  readonly request: (setting: Setting) => Promise<unknown>
  readonly tells: readonly [outcome: CallOutcome, source: CallSource]
  /** What the caller is rejected with: the object itself, or its class. None: the request is answered. */
  readonly error?: unknown
}

const loaded = ({ proxy }: Setting): unknown => proxy.get()
const ask = ({ proxy }: Setting): Promise<unknown> => proxy.service.ask('?')
const get = ({ proxy }: Setting): Promise<unknown> => proxy.get()
const fallingBack = ({ proxy }: Setting): Promise<unknown> =>
  proxy.call((service) => service.ask('?'), { fallback: () => 'instead' })
const failing =
  (request: (setting: Setting) => Promise<unknown>, which: 'desk' | 'loading' = 'desk', error: unknown = down) =>
  (setting: Setting): Promise<unknown> => {
    setting[which].next(fails(error))
    return request(setting)
  }
const overdue =
  (request: (setting: Setting) => Promise<unknown>, which: 'desk' | 'loading' = 'desk') =>
  async (setting: Setting): Promise<unknown> => {
    setting[which].next(hangs())
    const result = request(setting)
    result.catch(() => undefined)
    await setting.clock.advanceAsync(5_000)
    return result
  }
const expired = async ({ proxy }: Setting): Promise<void> => {
  await proxy.get()
  proxy.expireCache()
}
const isolated = ({ proxy }: Setting): unknown => proxy.isolateCircuit()
const stopped = ({ proxy }: Setting): Promise<void> => proxy.stop()
const abandoned = async ({ clock, desk, proxy }: Setting): Promise<unknown> => {
  desk.next(hangs())
  const caller = new AbortController()
  const call = proxy.serviceWith({ signal: caller.signal }).ask('?')
  call.catch(() => undefined)
  await clock.settle()
  caller.abort(gone)
  return call
}

const CASES: Record<string, Case> = {
  'a call that has to load its instance': { request: ask, tells: ['success', 'origin'] },
  'a call on a fresh instance': { before: loaded, request: ask, tells: ['success', 'origin'] },
  'a get() that loads': { request: get, tells: ['success', 'origin'] },
  'a get() from the cache': { before: loaded, request: get, tells: ['success', 'cache'] },
  'a get() of a stale instance while another is loaded': {
    options: { staleWhileRevalidateMs: 60_000 },
    before: expired,
    request: get,
    tells: ['success', 'stale'],
  },
  'a call on a stale instance while another is loaded': {
    options: { staleWhileRevalidateMs: 60_000 },
    before: expired,
    request: ask,
    tells: ['success', 'stale'],
  },
  'a get() of a stale instance because loading fails': {
    options: { staleIfErrorMs: 600_000 },
    before: expired,
    request: failing(get, 'loading'),
    tells: ['success', 'stale'],
  },
  'a call on a stale instance because loading fails': {
    options: { staleIfErrorMs: 600_000 },
    before: expired,
    request: failing(ask, 'loading'),
    tells: ['success', 'stale'],
  },
  'a call that fails': { request: failing(ask), tells: ['failure', 'origin'], error: down },
  'a call that fails without a circuit': {
    options: { circuit: false },
    request: failing(ask),
    tells: ['failure', 'origin'],
    error: down,
  },
  'a call whose load fails': {
    request: failing(ask, 'loading'),
    tells: ['failure', 'origin'],
    error: ServiceUnavailableError,
  },
  'a get() that fails': {
    request: failing(get, 'loading'),
    tells: ['failure', 'origin'],
    error: ServiceUnavailableError,
  },
  'a call past its deadline': { request: overdue(ask), tells: ['timeout', 'origin'], error: ServiceTimeoutError },
  'a get() past its deadline': {
    request: overdue(get, 'loading'),
    tells: ['timeout', 'origin'],
    error: ServiceTimeoutError,
  },
  'an error that isFailure denies': {
    request: failing(ask, 'desk', notFound),
    tells: ['ignored', 'origin'],
    error: notFound,
  },
  'a call whose caller gives up': { request: abandoned, tells: ['ignored', 'origin'], error: gone },
  'a call whose caller had given up before': {
    request: ({ proxy }) => proxy.call(() => 1, { signal: AbortSignal.abort(gone) }),
    tells: ['ignored', 'origin'],
    error: gone,
  },
  'a get() whose caller had given up before': {
    request: ({ proxy }) => proxy.get({ signal: AbortSignal.abort(gone) }),
    tells: ['ignored', 'origin'],
    error: gone,
  },
  'a call while the circuit does not admit any': {
    before: isolated,
    request: ask,
    tells: ['rejected', 'origin'],
    error: CircuitOpenError,
  },
  'a get() while the circuit does not admit any, though an instance is cached': {
    before: async (setting) => {
      await setting.proxy.get()
      isolated(setting)
    },
    request: get,
    tells: ['rejected', 'origin'],
    error: CircuitOpenError,
  },
  'a call beyond capacity': {
    options: { maxConcurrentCalls: 1 },
    before: async ({ clock, desk, proxy }) => {
      desk.next(hangs())
      proxy.service.ask('for ever').catch(() => undefined)
      await clock.settle()
    },
    request: ask,
    tells: ['rejected', 'origin'],
    error: CapacityError,
  },
  'a call after the end': { before: stopped, request: ask, tells: ['rejected', 'origin'], error: StoppedError },
  'a get() after the end': { before: stopped, request: get, tells: ['rejected', 'origin'], error: StoppedError },
  'a method that the service does not have': {
    request: ({ proxy }) => (proxy.service as unknown as { tell(): Promise<unknown> }).tell(),
    tells: ['rejected', 'origin'],
    error: TypeError,
  },
  'a failure that a fallback makes good': { request: failing(fallingBack), tells: ['failure', 'fallback'] },
  'a deadline that a fallback makes good': { request: overdue(fallingBack), tells: ['timeout', 'fallback'] },
  'a refusal that a fallback makes good': { before: isolated, request: fallingBack, tells: ['rejected', 'fallback'] },
  'a get() that a fallback makes good': {
    request: failing(({ proxy }) => proxy.getWithFallback(() => ({ ask: async () => 0 })), 'loading'),
    tells: ['failure', 'fallback'],
  },
  "a get() that the proxy's fallback makes good": {
    options: { fallback: () => ({ ask: async () => 0 }) },
    before: stopped,
    request: get,
    tells: ['rejected', 'fallback'],
  },
  "a call that is made on the proxy's substitute": {
    options: { fallback: () => ({ ask: async () => 0 }) },
    request: failing(ask),
    tells: ['failure', 'fallback'],
  },
  'a failure on a stale instance that a fallback makes good': {
    options: { staleWhileRevalidateMs: 60_000 },
    before: expired,
    request: failing(fallingBack),
    tells: ['failure', 'fallback'],
  },
  'a failure whose fallback throws': {
    request: failing(({ proxy }) =>
      proxy.call((service) => service.ask('?'), { fallback: () => Promise.reject(gone) }),
    ),
    tells: ['failure', 'origin'],
    error: gone,
  },
}

describe('outcome, source and error of', () => {
  test.for(Object.entries(CASES))('%s', async ([, { options, before, request, tells, error }]) => {
    const setting = setUp(options)
    await before?.(setting)
    const { ended, errors } = listen()
    const got = await errorOf(request(setting))
    expect(ended().map(({ outcome, source }) => [outcome, source])).toEqual([tells])
    expect(errors()).toEqual(got === undefined ? [] : [got])
    expect(ended()[0]?.error).toBe(got)
    expect([got, (got as object | undefined)?.constructor]).toContain(error)
  })
})

describe('a store bound to start', () => {
  function bound() {
    const store = new AsyncLocalStorage<CallTrace | string>()
    CALLS.start.bindStore(store, (trace) => trace)
    onTestFinished(() => void CALLS.start.unbindStore(store))
    return store
  }

  test('alone makes a request one that is told of', async () => {
    const store = bound()
    const { proxy } = setUp()
    expect(await proxy.call(() => store.getStore())).toMatchObject({ service: 'desk', method: '$call' })
  })

  test('is in force in the operation, in what it continues with and in the fallback; not outside, and not in the load, which is for all', async () => {
    const store = bound()
    const seen: unknown[] = []
    const see = (): void => void seen.push(store.getStore())
    const { proxy } = setUp({
      provider: factoryProvider<Desk>('desk', { create: async () => (see(), { ask: async () => 1 }) }),
    })
    await store.run('the caller', async () => {
      const call = proxy.call(
        async () => {
          see()
          await Promise.resolve()
          see()
          throw down
        },
        { fallback: async () => see() },
      )
      expect(store.getStore()).toBe('the caller')
      await call
      expect(store.getStore()).toBe('the caller')
    })
    expect(seen.shift(), 'in the load').toBeUndefined()
    expect(seen).toHaveLength(3)
    expect(new Set(seen).size).toBe(1)
    expect(seen[0]).toMatchObject({ method: '$call', outcome: 'failure', source: 'fallback' })
  })

  test('is one for each of many requests under way at once, also when they wait for the same load', async () => {
    const store = bound()
    const { clock, desk, loading, proxy } = setUp()
    loading.next(slows(10, succeeds({ ask: async () => desk.call() })))
    const work = async (answer: number) => {
      const before = store.getStore()
      await desk.call()
      return { answer, before, after: store.getStore() }
    }
    desk.behave(slows(10))
    const calls = Array.from({ length: 20 }, (_, index) => proxy.call(() => work(index)))
    await clock.advanceAsync(20)
    const results = await Promise.all(calls)
    expect(loading.calls).toBe(1)
    expect(results.map(({ answer }) => answer)).toEqual(Array.from({ length: 20 }, (_, index) => index))
    expect(results.every(({ before, after }) => before === after)).toBe(true)
    expect(new Set(results.map(({ before }) => before)).size).toBe(20)
  })

  test('of one request is in force in those it makes itself, and theirs does not stay behind', async () => {
    const store = bound()
    const [outer, inner] = [setUp().proxy, setUp().proxy]
    const seen = await outer.call(async () => {
      const own = store.getStore()
      const within = await inner.call(() => store.getStore())
      return { own, within, after: store.getStore() }
    })
    expect(seen.own).toHaveProperty('proxy', outer)
    expect(seen.within).toHaveProperty('proxy', inner)
    expect(seen.after).toBe(seen.own)
  })
})
