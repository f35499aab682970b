import { getEventListeners } from 'node:events'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { fails, faultyService, hangs, hangsUntilAborted, ManualClock, plainBreaker, slows } from '@svcproxy/testing'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  CapacityError,
  CircuitOpenError,
  factoryProvider,
  InvalidOptionError,
  ServiceProxy,
  ServiceProxyManager,
  ServiceTimeoutError,
  StoppedError,
} from '../index.ts'
import type { RetryPolicy, ServiceEventOf, ServiceProxyOptions } from '../index.ts'
import type { CallTrace } from '../adapter.ts'

interface Desk {
  find(signal?: AbortSignal): unknown
  create(): unknown
}

const down = new Error('down')
const gone = new Error('the caller gave up')

/** A service whose `find` may be tried again, with waits as long as they can be. */
function setUp(options: Partial<ServiceProxyOptions<Desk>> = {}) {
  const clock = new ManualClock()
  const desk = faultyService({ clock })
  const proxy = new ServiceProxy<Desk>('desk', {
    provider: factoryProvider('desk', {
      create: () => ({ find: (signal) => desk.call({ signal }), create: () => desk.call({}) }),
    }),
    breaker: plainBreaker,
    methods: { find: { retry: true } },
    timeoutMs: 1_000,
    clock,
    random: () => 1,
    cacheTtlJitterRatio: 0,
    ...options,
  })
  const retries: ServiceEventOf<'retry'>[] = []
  proxy.on('retry', (event) => retries.push(event))
  /** Stops it without waiting for what hangs. */
  const stop = async (): Promise<void> => {
    const stopping = proxy.stop({ timeoutMs: 0 })
    await clock.advanceAsync(0)
    await stopping
  }
  onTestFinished(stop)
  return { clock, desk, proxy, retries, stop }
}

/** What came of a call by now. */
function watched<R>(call: Promise<R>) {
  const seen: { answer?: R; error?: unknown; settled: boolean } = { settled: false }
  call.then(
    (answer) => Object.assign(seen, { answer, settled: true }),
    (error: unknown) => Object.assign(seen, { error, settled: true }),
  )
  return seen
}

describe('a call that failed is tried again', () => {
  test('where that was asked for: by its method, or by the call itself; and nothing else is', async () => {
    const { clock, desk, proxy } = setUp()
    desk.next(fails(down))
    const found = watched(proxy.service.find())
    await clock.advanceAsync(100)
    expect(found).toMatchObject({ settled: true })
    expect(desk.calls).toBe(2)

    desk.next(fails(down))
    await expect(proxy.service.create()).rejects.toBe(down)
    desk.next(fails(down))
    await expect(proxy.call((service) => service.find())).rejects.toBe(down)
    expect(desk.calls).toBe(4)

    desk.next(fails(down))
    const called = watched(proxy.call((service) => service.create(), { retry: true }))
    await clock.advanceAsync(100)
    expect(called.settled).toBe(true)
    expect(called.error).toBeUndefined()
    expect(desk.calls).toBe(6)
  })

  test('after waits that double up to their bound, each a part of it that chance says', async () => {
    // The first is for the time that the instance is cached.
    const parts = [0, 1, 0.5, 0.25, 1]
    const retry = { attempts: 5, backoffInitialMs: 200, backoffMaxMs: 700 }
    const { clock, desk, proxy, retries } = setUp({
      methods: { find: { retry } },
      circuit: { failureThreshold: Infinity },
      random: () => parts.shift() ?? 0,
    })
    await proxy.service.find()
    for (let count = 0; count < 5; count++) desk.next(fails(down))
    const startedAt = clock.now()
    const call = proxy.service.find()
    const seen = watched(call)
    await clock.advanceAsync(10_000)
    expect(seen.error).toBe(down)
    expect(retries.map(({ attempt, waitMs }) => [attempt, waitMs])).toEqual([
      [2, 200],
      [3, 200],
      [4, 175],
      [5, 700],
    ])
    expect(retries[0]).toEqual({
      type: 'retry',
      service: 'desk',
      method: 'find',
      attempt: 2,
      waitMs: 200,
      denied: false,
      error: down,
    })
    expect(desk.calls).toBe(6)
    expect(proxy.getMetrics().lastFailureTime?.getTime()).toBe(Date.UTC(2026, 0, 1) + 1_275)
    expect(clock.now() - startedAt).toBe(10_000)
  })

  test('a first attempt that hangs ends at its deadline, and the second answers', async () => {
    const { clock, desk, proxy } = setUp()
    desk.next(hangs())
    const seen = watched(proxy.service.find())
    await clock.advanceAsync(1_100)
    expect(seen).toMatchObject({ settled: true })
    expect(seen.error).toBeUndefined()
    expect(proxy.getMetrics()).toMatchObject({
      totalRequests: 1,
      successfulRequests: 1,
      timedOutRequests: 0,
      abandonedCalls: 1,
      retries: { success: 1, failure: 0, denied: 0 },
    })
  })

  test('as often as the policy says, and then with the last error', async () => {
    const { clock, desk, proxy } = setUp()
    const last = new Error('the last')
    desk.next(fails(down), fails(down), fails(last))
    const seen = watched(proxy.service.find())
    await clock.advanceAsync(1_000)
    expect(seen.error).toBe(last)
    expect(desk.calls).toBe(3)
    expect(proxy.getMetrics()).toMatchObject({
      totalRequests: 1,
      failedRequests: 1,
      successfulRequests: 0,
      retries: { success: 0, failure: 2, denied: 0 },
    })
    expect(proxy.getStatus().circuit?.consecutiveFailures).toBe(3)
  })

  test('after the time that its error says, where that is not too long to wait', async () => {
    const isRetryable = (error: unknown) => ({ afterMs: Number((error as Error).message) })
    const { clock, desk, proxy, retries } = setUp({ methods: { find: { retry: { isRetryable } } } })
    desk.next(fails(new Error('1500')))
    const seen = watched(proxy.service.find())
    await clock.advanceAsync(1_499)
    expect(seen.settled).toBe(false)
    await clock.advanceAsync(1)
    expect(seen.settled).toBe(true)

    const late = new Error('2001')
    desk.next(fails(late))
    await expect(proxy.service.find()).rejects.toBe(late)
    expect(retries).toHaveLength(1)

    // At once, where it says so.
    desk.next(fails(new Error('0')))
    const second = watched(proxy.service.find())
    await clock.advanceAsync(0)
    expect(second.settled).toBe(true)
    expect(retries.splice(1)).toMatchObject([{ waitMs: 0 }])

    // What is no time counts as a plain yes.
    desk.next(fails(new Error('soon')))
    const third = watched(proxy.service.find())
    await clock.advanceAsync(100)
    expect(third.settled).toBe(true)
    expect(retries[1]?.waitMs).toBe(100)
  })

  test('where the instance could not be had: not before another load may begin', async () => {
    let loads = 0
    const create = (): Desk => {
      if (++loads < 3) throw down
      return { find: () => 'found', create: () => 1 }
    }
    const { clock, proxy, retries } = setUp({
      provider: factoryProvider('desk', { create }),
      backoffInitialMs: 400,
      methods: { find: { retry: { backoffInitialMs: 10 } } },
    })
    const seen = watched(proxy.service.find())
    await clock.advanceAsync(5_000)
    expect(seen.answer).toBe('found')
    expect([loads, retries.map(({ waitMs }) => waitMs)]).toEqual([3, [400, 400]])
  })

  test('with a deadline of its own and the caller’s, and the same judge', async () => {
    const { clock, desk, proxy } = setUp()
    desk.next(hangs(), hangs(), hangs())
    const seen = watched(proxy.serviceWith({ timeoutMs: 50 }).find())
    await clock.advanceAsync(50 + 100 + 50 + 200 + 49)
    expect(seen.settled).toBe(false)
    await clock.advanceAsync(1)
    expect(seen.error).toEqual(new ServiceTimeoutError('desk', 50))
  })

  test('by a policy of the method that goes over that of the service, and that over the manager’s', async () => {
    const clock = new ManualClock()
    const manager = new ServiceProxyManager({ clock, retry: { attempts: 7, backoffInitialMs: 10 } }).add('desk', {
      provider: factoryProvider<Desk>('desk', { create: () => ({ find: async () => 1, create: async () => 1 }) }),
      retry: { backoffInitialMs: 20 },
      methods: { find: { retry: { backoffMaxMs: 40 } }, create: { retry: false } },
    })
    const { retry, methods } = manager.getProxy('desk').settings
    expect(retry).toEqual({ attempts: 7, backoffInitialMs: 20, backoffMaxMs: 2_000, hasIsRetryable: false })
    expect(methods).toMatchObject({
      find: { retry: { attempts: 7, backoffInitialMs: 20, backoffMaxMs: 40, hasIsRetryable: false } },
      create: { retry: false },
    })
    await manager.stop()
    expect(setUp({ retry: { isRetryable: () => true } }).proxy.settings.retry.hasIsRetryable).toBe(true)
  })
})

describe('is not tried again', () => {
  const RETRY = { methods: { find: { retry: true } } } as const

  test('what opened the circuit, and what an open circuit refuses', async () => {
    const { desk, proxy, retries } = setUp({ circuit: { failureThreshold: 1 } })
    desk.next(fails(down))
    await expect(proxy.service.find()).rejects.toBe(down)
    await expect(proxy.service.find()).rejects.toThrow(CircuitOpenError)
    expect([desk.calls, retries]).toEqual([1, []])
    expect(proxy.getMetrics().retries).toEqual({ success: 0, failure: 0, denied: 0 })
  })

  test('a trial of a circuit that is half-open', async () => {
    const { clock, desk, proxy, retries } = setUp({ circuit: { failureThreshold: 1, recoveryTimeoutMs: 500 } })
    desk.next(fails(down), fails(down))
    await expect(proxy.service.find()).rejects.toBe(down)
    await clock.advanceAsync(500)
    await expect(proxy.service.find()).rejects.toBe(down)
    expect([desk.calls, retries]).toEqual([2, []])
  })

  test('where only observed, an open circuit is no reason', async () => {
    const { clock, desk, proxy } = setUp({ circuit: { failureThreshold: 1, mode: 'observe' } })
    desk.next(fails(down), fails(down))
    const seen = watched(proxy.service.find())
    await clock.advanceAsync(300)
    expect(seen).toMatchObject({ settled: true })
    expect(desk.calls).toBe(3)
  })

  test('after the wait, when the circuit has opened meanwhile: the caller is told what the service said', async () => {
    const { clock, desk, proxy } = setUp()
    desk.next(fails(down))
    const seen = watched(proxy.service.find())
    await clock.settle()
    proxy.isolateCircuit()
    await clock.advanceAsync(100)
    expect(seen.error).toBe(down)
    expect(desk.calls).toBe(1)
    expect(proxy.getMetrics()).toMatchObject({
      failedRequests: 1,
      rejectedRequests: 0,
      inFlight: 0,
      retries: { success: 0, failure: 0, denied: 1 },
    })
  })

  test('as a trial: when the circuit is half-open after the wait, the trial is left to a new call', async () => {
    const { clock, desk, proxy } = setUp({
      circuit: { failureThreshold: 2, recoveryTimeoutMs: 500, successThreshold: 1 },
      methods: { find: { retry: { isRetryable: () => ({ afterMs: 1_000 }) } } },
    })
    desk.next(fails(down), fails(down))
    const seen = watched(proxy.service.find())
    await clock.advanceAsync(100)
    await expect(proxy.service.create()).rejects.toBe(down)
    await clock.advanceAsync(900)
    expect(seen.error).toBe(down)
    expect([proxy.circuitState, desk.calls]).toEqual(['half_open', 2])
    expect(proxy.getCounts().retries).toEqual({ success: 0, failure: 0, denied: 1 })
  })

  test('after the wait, when there is no place: neither', async () => {
    const { clock, desk, proxy } = setUp({ maxConcurrentCalls: 1 })
    desk.next(fails(down))
    const seen = watched(proxy.service.find())
    await clock.settle()
    desk.next(hangsUntilAborted())
    const other = watched(proxy.service.create())
    await clock.advanceAsync(100)
    expect(seen.error).toBe(down)
    expect(other.settled).toBe(false)
    expect(proxy.getMetrics()).toMatchObject({
      failedRequests: 1,
      rejectedRequests: 0,
      inFlight: 1,
      retries: { denied: 1 },
    })
  })

  test('a refusal for capacity, which the caller is told as it is', async () => {
    const { clock, desk, proxy, retries } = setUp({ maxConcurrentCalls: 1 })
    desk.next(hangs())
    void watched(proxy.service.create())
    await clock.settle()
    await expect(proxy.service.find()).rejects.toThrow(CapacityError)
    expect(retries).toEqual([])
  })

  test('what isFailure denies, what isRetryable denies, and what a caller gave up', async () => {
    const { clock, desk, proxy, retries } = setUp({
      methods: { find: { retry: { isRetryable: (error) => error !== down }, isFailure: (error) => error !== gone } },
    })
    desk.next(fails(down))
    await expect(proxy.service.find()).rejects.toBe(down)
    desk.next(fails(gone))
    await expect(proxy.service.find()).rejects.toBe(gone)
    const controller = new AbortController()
    desk.next(hangs())
    const seen = watched(proxy.serviceWith({ signal: controller.signal }).find())
    await clock.settle()
    controller.abort(gone)
    await clock.advanceAsync(1_000)
    expect(seen.error).toBe(gone)
    expect([desk.calls, retries]).toEqual([3, []])
  })

  test('what the service does not have, with a circuit and without', async () => {
    for (const circuit of [undefined, false] as const) {
      const { clock, proxy, retries } = setUp({
        ...(circuit === false && { circuit }),
        provider: { serviceName: 'desk', getService: () => ({}) as Desk, checkHealth: () => true },
        methods: {},
      })
      await expect(proxy.service.find()).rejects.toThrow(TypeError)
      const misused = watched(proxy.call(() => proxy.service.find(), { retry: true }))
      await clock.advanceAsync(1_000)
      expect(misused.error).toBeInstanceOf(TypeError)
      expect(retries).toEqual([])
    }
  })

  test('what another service of ours refused, or an option that is wrong, without a circuit', async () => {
    for (const error of [
      new CircuitOpenError('other', 5),
      new StoppedError('other'),
      new InvalidOptionError('a', 'b', 1),
    ]) {
      const { desk, proxy, retries } = setUp({ circuit: false })
      desk.next(fails(error))
      await expect(proxy.service.find()).rejects.toBe(error)
      expect(retries).toEqual([])
    }
  })

  test('an isRetryable that throws, or says nothing, counts as yes and breaks no call', async () => {
    for (const isRetryable of [
      () => {
        throw new Error('a bug')
      },
      () => undefined as unknown as boolean,
      () => null as unknown as boolean,
      () => ({ afterMs: -1 }),
      () => ({ afterMs: Number.NaN }),
      () => ({ afterMs: '5' as unknown as number }),
    ]) {
      const { clock, desk, proxy, retries } = setUp({ methods: { find: { retry: { isRetryable } } } })
      desk.next(fails(down))
      const seen = watched(proxy.service.find())
      await clock.advanceAsync(100)
      expect(retries).toMatchObject([{ waitMs: 100 }])
      expect(seen).toMatchObject({ settled: true })
      expect(seen.error).toBeUndefined()
    }
  })

  test('when the proxy stops: who waits is told what the service said, at once, and nothing is left', async () => {
    const { clock, desk, proxy } = setUp(RETRY)
    desk.next(fails(down))
    const seen = watched(proxy.service.find())
    await clock.settle()
    await proxy.stop()
    expect(seen.error).toBe(down)
    expect(proxy.getMetrics()).toMatchObject({ failedRequests: 1, inFlight: 0, retries: { denied: 1 } })
    expect(clock.pendingTimers).toBe(0)
  })

  test('when its caller gives up while it waits: nothing is left', async () => {
    const { clock, desk, proxy } = setUp({
      ...RETRY,
      fallback: () => ({ find: async () => 'instead', create: async () => 1 }),
    })
    const controller = new AbortController()
    desk.next(fails(down))
    const seen = watched(proxy.serviceWith({ signal: controller.signal }).find())
    await clock.advanceAsync(50)
    expect(seen.settled).toBe(false)
    controller.abort(gone)
    await clock.settle()
    expect(seen.error).toBe(gone)
    expect(proxy.getMetrics()).toMatchObject({ failedRequests: 1, abortedRequests: 1, inFlight: 0, fallbacks: 0 })
    expect(proxy.getMetrics().retries).toEqual({ success: 0, failure: 0, denied: 0 })
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    await clock.advanceAsync(5_000)
    expect(desk.calls).toBe(1)
    await proxy.stop()
    expect(clock.pendingTimers).toBe(0)
  })
})

describe('a wait', () => {
  test('holds neither a place nor an instance', async () => {
    const { clock, desk, proxy } = setUp({ maxConcurrentCalls: 1 })
    desk.next(fails(down))
    const seen = watched(proxy.service.find())
    await clock.settle()
    expect(await proxy.service.create()).toBeDefined()
    proxy.invalidateCache()
    await clock.advanceAsync(100)
    expect(seen.error).toBeUndefined()
    expect(seen.settled).toBe(true)
  })

  test('goes to a fallback when all attempts failed, with the last error', async () => {
    const { clock, desk, proxy } = setUp({
      fallback: () => ({ find: async () => 'instead', create: async () => 'instead' }),
    })
    desk.next(fails(down), fails(down), fails(down))
    const seen = watched(proxy.service.find())
    await clock.advanceAsync(300)
    expect(seen.answer).toBe('instead')
    expect(proxy.getMetrics()).toMatchObject({ failedRequests: 1, fallbacks: 1, totalRequests: 1 })
  })

  test('goes to a fallback when the circuit opened meanwhile', async () => {
    const { clock, desk, proxy } = setUp({
      fallback: () => ({ find: async () => 'instead', create: async () => 'instead' }),
    })
    desk.next(fails(down))
    const seen = watched(proxy.service.find())
    await clock.settle()
    proxy.isolateCircuit()
    await clock.advanceAsync(100)
    expect(seen.answer).toBe('instead')
  })

  test('is one request for whoever listens to calls', async () => {
    const traces: CallTrace[] = []
    const listener = (trace: unknown): void => void traces.push(trace as CallTrace)
    subscribe('tracing:svcproxy:call:asyncEnd', listener)
    onTestFinished(() => void unsubscribe('tracing:svcproxy:call:asyncEnd', listener))
    const { clock, desk, proxy } = setUp()
    desk.next(fails(down), fails(down))
    const seen = watched(proxy.service.find())
    await clock.advanceAsync(100)
    expect(traces).toEqual([])
    await clock.advanceAsync(200)
    expect(seen.settled).toBe(true)
    expect(traces).toMatchObject([{ outcome: 'success', attempts: 3, durationMs: 300, method: 'find' }])
    await proxy.service.find()
    expect(traces[1]).toMatchObject({ outcome: 'success', attempts: 1 })
    expect(traces[1]?.queuedMs).toBeUndefined()
  })

  test('tells of the attempts that were made, and of all the time it waited for places', async () => {
    const traces: CallTrace[] = []
    const listener = (trace: unknown): void => void traces.push(trace as CallTrace)
    subscribe('tracing:svcproxy:call:asyncEnd', listener)
    onTestFinished(() => void unsubscribe('tracing:svcproxy:call:asyncEnd', listener))
    const refused = setUp({ maxConcurrentCalls: 1 })
    refused.desk.next(fails(down))
    void watched(refused.proxy.service.find())
    await refused.clock.settle()
    refused.desk.next(slows(300))
    void watched(refused.proxy.service.create())
    await refused.clock.advanceAsync(300)
    expect(traces).toMatchObject([
      { method: 'find', attempts: 1, outcome: 'failure' },
      { method: 'create', attempts: 1 },
    ])

    const queued = setUp({ maxConcurrentCalls: 1, maxQueuedCalls: 2, random: () => 0 })
    queued.desk.next(slows(100), slows(10, fails(down)), slows(30))
    void watched(queued.proxy.service.create())
    void watched(queued.proxy.service.find())
    void watched(queued.proxy.service.create())
    await queued.clock.advanceAsync(1_000)
    expect(traces.at(-1)).toMatchObject({ method: 'find', attempts: 2, queuedMs: 130 })
    expect(queued.proxy.getMetrics().queueWait.count).toBe(3)
  })
})

describe('the budget', () => {
  const failing = { circuit: { failureThreshold: Infinity } } as const

  test('lets a fifth of the calls be retried, and one a second; denied is told', async () => {
    const { clock, desk, proxy, retries } = setUp(failing)
    await proxy.get()
    desk.behave(fails(down))
    for (let count = 0; count < 100; count++) proxy.service.find().catch(() => undefined)
    await clock.advanceAsync(5_000)
    // 100 × 0.2 + 10 s × 1.
    expect(desk.calls).toBe(130)
    expect(proxy.getMetrics().retries.failure).toBe(30)
    expect(proxy.getMetrics().retries.denied).toBe(retries.filter(({ denied }) => denied).length)
    expect(proxy.getMetrics()).toMatchObject({ totalRequests: 101, failedRequests: 100, inFlight: 0 })
    expect(proxy.getStatus().retryBudget).toEqual({ calls: 100, retries: 30, remaining: 0 })
    await clock.advanceAsync(10_000)
    expect(proxy.getStatus().retryBudget).toEqual({ calls: 0, retries: 0, remaining: 10 })
  })

  test('is what was said: nothing, or whatever', async () => {
    const none = setUp({ ...failing, retryBudget: { ratio: 0, minPerSecond: 0 } })
    none.desk.next(fails(down))
    await expect(none.proxy.service.find()).rejects.toBe(down)
    expect(none.retries).toMatchObject([{ denied: true, attempt: 2 }])
    expect(none.proxy.getMetrics().retries).toEqual({ success: 0, failure: 0, denied: 1 })

    const all = setUp({ ...failing, retryBudget: { ratio: 2 } })
    await all.proxy.get()
    all.desk.behave(fails(down))
    for (let count = 0; count < 100; count++) all.proxy.service.find().catch(() => undefined)
    await all.clock.advanceAsync(5_000)
    expect(all.desk.calls).toBe(300)
  })

  test('does not grow by what never reached the service', async () => {
    const { clock, desk, proxy } = setUp({ circuit: { failureThreshold: 1 } })
    desk.next(fails(down))
    await expect(proxy.service.find()).rejects.toBe(down)
    for (let count = 0; count < 100; count++) await expect(proxy.service.find()).rejects.toThrow(CircuitOpenError)
    expect(proxy.getStatus().retryBudget).toEqual({ calls: 1, retries: 0, remaining: 10 })
    const unloaded = setUp({ provider: factoryProvider('desk', { create: () => Promise.reject(down) }) })
    const seen = watched(unloaded.proxy.service.find())
    await unloaded.clock.advanceAsync(1_000)
    expect(seen.settled).toBe(true)
    expect(unloaded.proxy.getStatus().retryBudget).toMatchObject({ calls: 0, retries: 2 })
    await clock.settle()
  })

  test('counts no call that is not to be retried, and is not there before one is', async () => {
    const { proxy } = setUp()
    await proxy.service.create()
    expect(proxy.getStatus().retryBudget).toBeUndefined()
    await proxy.service.find()
    expect(proxy.getStatus().retryBudget).toEqual({ calls: 1, retries: 0, remaining: 10 })
  })
})

describe('what is wrong is said', () => {
  const WRONG: readonly (readonly [object, string])[] = [
    [{ retry: 5 }, 'retry must be an object; received 5'],
    [{ retry: true }, 'retry must be an object; received true'],
    [
      { retry: { attempt: 5 } },
      'retry must be an object with only attempts, backoffInitialMs, backoffMaxMs, isRetryable',
    ],
    [{ retry: { attempts: 1 } }, 'retry.attempts must be an integer in 2 … 10; received 1'],
    [{ retry: { attempts: 11 } }, 'retry.attempts must be an integer in 2 … 10; received 11'],
    [{ retry: { attempts: 2.5 } }, 'retry.attempts must be an integer in 2 … 10; received 2.5'],
    [{ retry: { backoffInitialMs: -1 } }, 'retry.backoffInitialMs must be a number in 0 … 2147483647; received -1'],
    [
      { retry: { backoffInitialMs: 50, backoffMaxMs: 49 } },
      'retry.backoffMaxMs must be a number in 50 … 2147483647; received 49',
    ],
    [{ retry: { isRetryable: true } }, 'retry.isRetryable must be a function; received true'],
    [{ retryBudget: 0.2 }, 'retryBudget must be an object; received 0.2'],
    [{ retryBudget: { ratio: -0.1 } }, 'retryBudget.ratio must be a number in 0 … 10; received -0.1'],
    [{ retryBudget: { ratio: 11 } }, 'retryBudget.ratio must be a number in 0 … 10; received 11'],
    [{ retryBudget: { minPerSecond: -1 } }, 'retryBudget.minPerSecond must be a number in 0 … 1000000; received -1'],
    [{ methods: { find: { retry: { attempts: 0 } } } }, 'methods.find.retry.attempts must be an integer in 2 … 10'],
    [{ methods: { find: { retry: 3 } } }, 'methods.find.retry must be an object; received 3'],
    [{ requestTimeoutMs: 0 }, 'requestTimeoutMs must be a number in 1 … 2147483647; received 0'],
    [
      { requestTimeoutMs: 300, retry: {} },
      'requestTimeoutMs must be more than the 300 ms that the waits of retry may take (or give fewer attempts, or shorter backoffs); received 300',
    ],
    [
      { requestTimeoutMs: 700, methods: { find: { retry: { attempts: 4 } } } },
      'requestTimeoutMs must be more than the 700 ms that the waits of methods.find may take',
    ],
  ]
  test.for(WRONG)('%o', ([options, message]) => {
    expect(() => setUp(options)).toThrow(message)
    expect(() => setUp(options)).toThrow(InvalidOptionError)
  })

  test('of a call: as a rejection, and nothing is asked', async () => {
    const { desk, proxy } = setUp({ requestTimeoutMs: 301 })
    const call = (retry: unknown) => proxy.call((service) => service.find(), { retry: retry as RetryPolicy })
    await expect(call({ attempts: 0 })).rejects.toThrow('retry.attempts must be an integer in 2 … 10; received 0')
    await expect(call({ attempts: 4 })).rejects.toThrow('requestTimeoutMs must be more than the 700 ms')
    await expect(call('yes')).rejects.toThrow('retry must be an object; received "yes"')
    expect([desk.calls, proxy.getMetrics().totalRequests]).toEqual([0, 0])
  })

  test('a request timeout that the waits just fit in is fine', () => {
    expect(setUp({ requestTimeoutMs: 301 }).proxy.settings.requestTimeoutMs).toBe(301)
  })
})

describe('requestTimeoutMs', () => {
  test('ends an attempt that it cuts short, which counts as timed out for the circuit', async () => {
    const { clock, desk, proxy } = setUp({ requestTimeoutMs: 400, circuit: { failureThreshold: 2 } })
    for (let count = 0; count < 2; count++) {
      let signal: AbortSignal | undefined
      const seen = watched(
        proxy.call((_, context) => {
          ;({ signal } = context)
          return new Promise(() => {})
        }),
      )
      await clock.advanceAsync(399)
      expect([seen.settled, signal?.aborted]).toEqual([false, false])
      await clock.advanceAsync(1)
      expect(seen.error).toEqual(new ServiceTimeoutError('desk', 400))
      expect(signal?.reason).toBe(seen.error)
    }
    expect(proxy.circuitState).toBe('open')
    expect(proxy.getMetrics()).toMatchObject({ failedRequests: 2, timedOutRequests: 2, abortedRequests: 0 })
    expect(desk.calls).toBe(0)
  })

  test('begins no attempt for which the wait would be too long: the last error goes out at once', async () => {
    const { clock, desk, proxy, retries } = setUp({ requestTimeoutMs: 1_150 })
    desk.next(hangs(), fails(down))
    const seen = watched(proxy.service.find())
    await clock.advanceAsync(1_099)
    expect(retries).toHaveLength(1)
    await clock.advanceAsync(1)
    // 50 ms are left, and it would wait for up to 200.
    expect(seen.error).toBe(down)
    expect(desk.calls).toBe(2)
    expect(proxy.getMetrics().retries).toEqual({ success: 0, failure: 1, denied: 0 })
  })

  test('is what a hint has to fit in', async () => {
    const isRetryable = (error: unknown) => ({ afterMs: Number((error as Error).message) })
    const options = { requestTimeoutMs: 5_000, methods: { find: { retry: { isRetryable } } } }
    const { clock, desk, proxy } = setUp(options)
    desk.next(fails(new Error('4999')))
    const seen = watched(proxy.service.find())
    await clock.advanceAsync(4_999)
    expect(seen).toMatchObject({ settled: true })
    expect(seen.error).toBeUndefined()
    const late = new Error('5000')
    desk.next(fails(late))
    await expect(proxy.service.find()).rejects.toBe(late)
  })

  test('covers the load of the instance, of a get() too', async () => {
    const clock = new ManualClock()
    const proxy = new ServiceProxy<Desk>('slow', {
      provider: factoryProvider('slow', { create: () => new Promise<Desk>(() => {}) }),
      timeoutMs: 10_000,
      requestTimeoutMs: 300,
      clock,
    })
    const call = watched(proxy.service.find())
    const get = watched(proxy.get())
    await clock.advanceAsync(300)
    expect(call.error).toEqual(new ServiceTimeoutError('slow', 300))
    expect(get.error).toEqual(new ServiceTimeoutError('slow', 300))
    expect(proxy.getMetrics()).toMatchObject({ timedOutRequests: 2, abortedRequests: 0, inFlight: 0 })
    const stopping = proxy.stop({ timeoutMs: 0 })
    await clock.advanceAsync(10_000)
    await stopping
  })

  test('leaves the caller’s own abort what it is, before the call and within it', async () => {
    const { clock, desk, proxy, stop } = setUp({ requestTimeoutMs: 400 })
    await expect(proxy.serviceWith({ signal: AbortSignal.abort(gone) }).find()).rejects.toBe(gone)
    const controller = new AbortController()
    desk.next(hangsUntilAborted())
    const { signal } = controller
    const seen = watched(proxy.call((service, context) => service.find(context.signal), { signal }))
    await clock.settle()
    controller.abort(gone)
    await clock.settle()
    expect(seen.error).toBe(gone)
    expect(proxy.getMetrics()).toMatchObject({ abortedRequests: 2, timedOutRequests: 0 })
    const { signal: kept } = new AbortController()
    await proxy.serviceWith({ signal: kept }).find()
    expect(getEventListeners(kept, 'abort')).toEqual([])
    await stop()
    expect(clock.pendingTimers).toBe(0)
  })

  test('does not bind a fallback, which has a deadline of its own', async () => {
    const { clock, desk, proxy } = setUp({ requestTimeoutMs: 400, methods: {} })
    desk.next(hangs())
    const instead = () => new Promise((resolve) => void clock.setTimer(() => resolve('instead'), 500))
    const seen = watched(proxy.call((service) => service.find(), { fallback: instead }))
    await clock.advanceAsync(900)
    expect(seen.answer).toBe('instead')
  })
})

test('whatever happens: each request is answered once, counted once, within its budget, and nothing is left', async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.constant({ do: 'find' as const }) },
    { weight: 2, arbitrary: fc.constant({ do: 'abort' as const }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('time' as const), ms: fc.integer({ min: 0, max: 400 }) }) },
    { weight: 1, arbitrary: fc.constant({ do: 'isolate' as const }) },
    { weight: 1, arbitrary: fc.constant({ do: 'reset' as const }) },
  )
  const behaviours = fc.array(fc.constantFrom('fail', 'hang', 'work'), { minLength: 60, maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      behaviours,
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 10, maxLength: 10 }),
      fc.constantFrom(undefined, 350, 1_400),
      async (steps, answers, chances, requestTimeoutMs) => {
        const clock = new ManualClock()
        let asked = 0
        const ask = (): Promise<string> => {
          const behaviour = answers[asked++ % answers.length]
          if (behaviour === 'hang') return new Promise(() => {})
          return behaviour === 'fail' ? Promise.reject(down) : Promise.resolve('found')
        }
        let chance = 0
        const proxy = new ServiceProxy<{ find(): Promise<string> }>('desk', {
          provider: factoryProvider('desk', { create: () => ({ find: ask }) }),
          breaker: plainBreaker,
          circuit: { failureThreshold: 6, recoveryTimeoutMs: 300, successThreshold: 1 },
          methods: { find: { retry: true } },
          retryBudget: { ratio: 0.5, minPerSecond: 0.1 },
          timeoutMs: 200,
          ...(requestTimeoutMs !== undefined && { requestTimeoutMs }),
          clock,
          random: () => chances[chance++ % chances.length] ?? 0,
        })
        let retries = 0
        proxy.on('retry', ({ denied }) => (retries += denied ? 0 : 1))
        const controllers: AbortController[] = []
        const calls: Promise<unknown>[] = []
        let answered = 0
        let isolation: Disposable | undefined
        for (const next of steps) {
          if (next.do === 'find') {
            const controller = new AbortController()
            controllers.push(controller)
            const call = proxy.serviceWith({ signal: controller.signal }).find()
            calls.push(
              call.then(
                () => answered++,
                () => answered++,
              ),
            )
          } else if (next.do === 'abort') {
            controllers.shift()?.abort(gone)
          } else if (next.do === 'time') {
            await clock.advanceAsync(next.ms)
          } else if (next.do === 'isolate') {
            isolation ??= proxy.isolateCircuit()
          } else {
            isolation?.[Symbol.dispose]()
            isolation = undefined
            proxy.resetCircuitBreaker()
          }
          const { totalRequests, inFlight } = proxy.getMetrics()
          expect(totalRequests).toBe(calls.length)
          expect(totalRequests - inFlight).toBeGreaterThanOrEqual(answered)
        }
        await clock.advanceAsync(20_000)
        await Promise.all(calls)
        const counts = proxy.getMetrics()
        expect(counts).toMatchObject({ totalRequests: calls.length, inFlight: 0 })
        expect(counts.successfulRequests + counts.failedRequests + counts.rejectedRequests).toBe(calls.length)
        expect(asked).toBeLessThanOrEqual(calls.length + retries)
        expect(retries).toBeLessThanOrEqual(calls.length * 0.5 + 1 + (clock.now() / 10_000) * 1)
        const stopping = proxy.stop({ timeoutMs: 0 })
        await clock.advanceAsync(4_000_000)
        await stopping
        expect(clock.pendingTimers).toBe(0)
      },
    ),
    { numRuns: 150 },
  )
})
