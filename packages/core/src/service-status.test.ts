import { fails, faultyService, hangs, ManualClock, plainBreaker, slows, succeeds } from '@svcproxy/testing'
import { describe, expect, test } from 'vitest'
import { appStateProvider, createServiceProxy, factoryProvider, ServiceProxy, ServiceTimeoutError } from './index.ts'
import type { ServiceProxyOptions, ServiceStatus } from './index.ts'

const START = Date.UTC(2026, 0, 1)
const down = new Error('down')

interface Desk {
  ask(): unknown
}

function setUp(options: Partial<ServiceProxyOptions<Desk>> = {}) {
  const clock = new ManualClock({ wallMs: START })
  const desk = faultyService({ clock })
  const service: Desk = { ask: () => desk.call() }
  const loading = faultyService({ clock, behaviour: succeeds(service) })
  const proxy = new ServiceProxy<Desk>('desk', {
    provider: factoryProvider('desk', {
      create: async () => (await loading.call()) as Desk,
      checkHealth: () => desk.healthy,
    }),
    breaker: plainBreaker,
    clock,
    cacheTtlMs: 60_000,
    cacheTtlJitterRatio: 0,
    ...options,
  })
  const failTimes = async (times: number): Promise<void> => {
    for (let failure = 0; failure < times; failure++) {
      await expect(proxy.call(() => Promise.reject(down))).rejects.toBe(down)
    }
  }
  return { clock, desk, loading, proxy, failTimes }
}

/** What a circuit with the pattern's policy alone says of the others. */
const PLAIN = { mode: 'enforce', wouldReject: 0, rates: [], rampLeftMs: 0, openings: 0 }

const at = (ms: number): Date => new Date(START + ms)

describe('the status of the circuit', () => {
  test('is undefined where there is none', () => {
    expect(setUp({ circuit: false }).proxy.getStatus().circuit).toBeUndefined()
  })

  test('closed: since it was made, and how many failures came one after another', async () => {
    const { clock, proxy, failTimes } = setUp()
    clock.advance(500)
    await failTimes(2)
    expect(proxy.getStatus().circuit).toEqual({
      ...PLAIN,
      state: 'closed',
      since: at(0),
      consecutiveFailures: 2,
      successfulTrials: 0,
      retryAfterMs: 0,
    })
    await proxy.service.ask()
    expect(proxy.getStatus().circuit?.consecutiveFailures).toBe(0)
  })

  test('open: since its last failure, and how long until a trial', async () => {
    const { clock, proxy, failTimes } = setUp()
    clock.advance(500)
    await failTimes(5)
    clock.advance(10_500)
    expect(proxy.getStatus().circuit).toEqual({
      ...PLAIN,
      openings: 1,
      state: 'open',
      since: at(500),
      consecutiveFailures: 0,
      successfulTrials: 0,
      retryAfterMs: 19_500,
    })
  })

  test('half-open: since that was found, and how many trials have succeeded', async () => {
    const { clock, proxy, failTimes } = setUp()
    await failTimes(5)
    clock.advance(30_000)
    const halfOpen = {
      ...PLAIN,
      openings: 1,
      state: 'half_open',
      since: at(30_000),
      consecutiveFailures: 0,
      successfulTrials: 0,
    }
    expect(proxy.getStatus().circuit).toEqual({ ...halfOpen, retryAfterMs: 0 })
    clock.advance(1_000)
    await proxy.get()
    expect(proxy.getStatus().circuit).toEqual({ ...halfOpen, successfulTrials: 1, retryAfterMs: 0 })
  })

  test('half-open with its trial under way: until the next is admitted, when that is given up at the latest', async () => {
    const { clock, loading, proxy, failTimes } = setUp()
    await failTimes(5)
    proxy.invalidateCache()
    clock.advance(30_000)
    loading.next(slows(4_000, fails(down)))
    const trial = expect(proxy.get()).rejects.toHaveProperty('cause', down)
    await clock.advanceAsync(1_500)
    expect(proxy.getStatus()).toMatchObject({
      circuit: { state: 'half_open', retryAfterMs: 4_500 },
      cache: { state: 'empty', loading: true },
    })
    await clock.advanceAsync(2_500)
    await trial
    expect(proxy.getStatus().circuit).toMatchObject({ state: 'open', since: at(34_000), retryAfterMs: 30_000 })
  })

  test('isolated: nobody knows until when; closed again from the end of that', () => {
    const { clock, proxy } = setUp()
    clock.advance(100)
    const isolation = proxy.isolateCircuit()
    clock.advance(100)
    expect(proxy.getStatus().circuit).toEqual({
      ...PLAIN,
      state: 'isolated',
      since: at(100),
      consecutiveFailures: 0,
      successfulTrials: 0,
      retryAfterMs: undefined,
    })
    isolation[Symbol.dispose]()
    clock.advance(100)
    expect(proxy.getStatus().circuit).toMatchObject({ state: 'closed', since: at(200), retryAfterMs: 0 })
  })

  test('is by the wall as it is now: a clock that is set does not make a state older', async () => {
    const { clock, proxy, failTimes } = setUp()
    await failTimes(5)
    clock.advance(1_000)
    clock.stepWall(3_600_000)
    expect(proxy.getStatus().circuit?.since).toEqual(at(3_600_000))
  })
})

describe('the status of the cache', () => {
  const cache = ({ proxy }: ReturnType<typeof setUp>): ServiceStatus['cache'] => proxy.getStatus().cache

  test('goes from empty over loading to fresh and, at the end of its time, to stale', async () => {
    const setting = setUp()
    const { clock, loading, proxy } = setting
    expect(cache(setting)).toEqual({ state: 'empty', freshForMs: 0, loading: false })
    loading.next(slows(100, succeeds({ ask: () => 1 })))
    const got = proxy.get()
    await clock.settle()
    expect(cache(setting)).toEqual({ state: 'empty', freshForMs: 0, loading: true })
    await clock.advanceAsync(100)
    await got
    expect(cache(setting)).toEqual({ state: 'fresh', freshForMs: 60_000, loading: false })
    clock.advance(59_999)
    expect(cache(setting)).toEqual({ state: 'fresh', freshForMs: 1, loading: false })
    clock.advance(1)
    expect(cache(setting)).toEqual({ state: 'stale', freshForMs: 0, loading: false })
  })

  test('is stale when it was expired, also while another is loaded, and empty when it was invalidated', async () => {
    const setting = setUp({ staleWhileRevalidateMs: 60_000 })
    const { clock, loading, proxy } = setting
    await proxy.get()
    proxy.expireCache()
    expect(cache(setting)).toEqual({ state: 'stale', freshForMs: 0, loading: false })
    loading.next(hangs())
    await proxy.get()
    await clock.settle()
    expect(cache(setting)).toEqual({ state: 'stale', freshForMs: 0, loading: true })
    proxy.invalidateCache()
    expect(cache(setting)).toEqual({ state: 'empty', freshForMs: 0, loading: false })
  })

  test('is suspect when the circuit opened, until it has passed its health check', async () => {
    const setting = setUp()
    await setting.failTimes(5)
    expect(cache(setting)).toEqual({ state: 'suspect', freshForMs: 0, loading: false })
    setting.clock.advance(30_000)
    await setting.proxy.get()
    expect(cache(setting)).toEqual({ state: 'fresh', freshForMs: 30_000, loading: false })
  })

  test('is fresh for ever where nothing ends it, and empty where nothing is kept', async () => {
    const [kept, pinned, unkept] = [setUp({ cacheTtlMs: Infinity }), setUp(), setUp({ cacheTtlMs: 0 })]
    pinned.proxy.override({ ask: () => 'fake' })
    await kept.proxy.get()
    await unkept.proxy.get()
    expect(cache(kept)).toEqual({ state: 'fresh', freshForMs: Infinity, loading: false })
    expect(cache(pinned)).toEqual({ state: 'fresh', freshForMs: Infinity, loading: false })
    expect(cache(unkept)).toEqual({ state: 'empty', freshForMs: 0, loading: false })
  })

  test('of a security service is stale when the wall clock says so', async () => {
    const setting = setUp({ security: true })
    await setting.proxy.get()
    expect(cache(setting).state).toBe('fresh')
    setting.clock.stepWall(60_000)
    expect(cache(setting)).toEqual({ state: 'stale', freshForMs: 0, loading: false })
  })
})

describe('the status of the health', () => {
  test('is undefined before the first check, then what the last one found and when', async () => {
    const { clock, desk, proxy } = setUp()
    await proxy.get()
    expect(proxy.getStatus().health).toBeUndefined()
    clock.advance(500)
    await proxy.checkHealth()
    desk.die()
    clock.advance(700)
    expect(proxy.getStatus().health).toEqual({ healthy: true, at: at(500) })
    await proxy.checkHealth()
    expect(proxy.getStatus().health, 'good for a second').toEqual({ healthy: true, at: at(500) })
    clock.advance(300)
    await proxy.checkHealth()
    clock.advance(5_000)
    expect(proxy.getStatus().health).toEqual({ healthy: false, at: at(1_500) })
  })

  test('knows of the checks in the background', async () => {
    const { clock, proxy } = setUp({ healthIntervalMs: 1_000 })
    await clock.advanceAsync(1_200)
    expect(proxy.getStatus().health).toEqual({ healthy: true, at: at(1_000) })
    await proxy.stop()
  })
})

describe('the last failure', () => {
  test('is what the last failed request failed with, the object itself, and when', async () => {
    const { clock, loading, proxy, failTimes } = setUp()
    expect(proxy.getStatus().lastFailure).toBeUndefined()
    await proxy.get()
    expect(proxy.getStatus().lastFailure).toBeUndefined()
    clock.advance(500)
    await failTimes(1)
    clock.advance(500)
    const { lastFailure } = proxy.getStatus()
    expect(lastFailure?.error).toBe(down)
    expect(lastFailure?.at).toEqual(at(500))

    const overdue = expect(proxy.call(() => new Promise(() => undefined))).rejects.toBeInstanceOf(ServiceTimeoutError)
    await clock.advanceAsync(5_000)
    await overdue
    expect(proxy.getStatus().lastFailure).toEqual({ error: expect.any(ServiceTimeoutError), at: at(6_000) })

    proxy.invalidateCache()
    loading.next(fails(down))
    const unavailable: unknown = await proxy.get().catch((error: unknown) => error)
    expect(unavailable).toHaveProperty('cause', down)
    expect(proxy.getStatus().lastFailure?.error).toBe(unavailable)
  })

  test('is none that was refused, whose caller gave up, that isFailure denies; and a fallback does not undo it', async () => {
    const notFound = new Error('not found')
    const { proxy } = setUp({ circuit: { isFailure: (error) => error !== notFound } })
    const helped = await proxy.call(() => Promise.reject<number>(down), { fallback: () => 1 })
    expect(helped).toBe(1)
    await expect(proxy.call(() => 1, { signal: AbortSignal.abort('gone') })).rejects.toBe('gone')
    await expect(proxy.call(() => Promise.reject(notFound))).rejects.toBe(notFound)
    proxy.isolateCircuit()
    await expect(proxy.service.ask()).rejects.toThrow('does not admit')
    await proxy.stop()
    await expect(proxy.get()).rejects.toThrow('was stopped')
    expect(proxy.getStatus().lastFailure?.error).toBe(down)
  })
})

describe('a status', () => {
  test('says when the proxy was stopped, from the moment it was asked to', async () => {
    const { proxy } = setUp()
    await proxy.get()
    expect(proxy.getStatus().stopped).toBe(false)
    const stop = proxy.stop()
    expect(proxy.getStatus()).toMatchObject({ stopped: true, cache: { state: 'empty' } })
    await stop
    expect(proxy.getStatus().stopped).toBe(true)
  })

  test('may be read as often as one likes: the service is not asked, nothing is loaded, counted or kept waiting', async () => {
    const { clock, loading, desk, proxy } = setUp()
    let checks = 0
    const counted = new ServiceProxy('counted', {
      provider: { serviceName: 'counted', getService: () => ++checks, checkHealth: () => ++checks > 0 },
      clock,
      critical: true,
    })
    const before = [proxy.getStatus(), proxy.getMetrics(), proxy.getCounts(), proxy.settings, counted.getStatus()]
    await clock.settle()
    const after = [proxy.getStatus(), proxy.getMetrics(), proxy.getCounts(), proxy.settings, counted.getStatus()]
    expect(after).toEqual(before)
    expect([loading.calls, desk.calls, checks, clock.pendingTimers]).toEqual([0, 0, 0, 0])
  })
})

describe('settings', () => {
  const defaults = {
    timeoutMs: 5_000,
    cacheTtlMs: 300_000,
    cacheTtlJitterRatio: 0.1,
    staleWhileRevalidateMs: 0,
    staleIfErrorMs: 0,
    backoffInitialMs: 100,
    backoffMaxMs: 5_000,
    disposeGraceMs: 30_000,
    maxConcurrentCalls: Infinity,
    maxQueuedCalls: 0,
    requestTimeoutMs: undefined,
    retry: { attempts: 3, backoffInitialMs: 100, backoffMaxMs: 2_000, hasIsRetryable: false },
    retryBudget: { ratio: 0.2, minPerSecond: 1 },
    healthIntervalMs: 0,
    critical: false,
    security: false,
    circuit: false,
    hasFallback: false,
    methods: {},
    ownership: 'owned',
    renew: 'replace',
    fallbackTimeoutMs: 5_000,
  }
  const circuit = {
    failureRate: undefined,
    slowCalls: undefined,
    recoveryTimeoutMs: 30_000,
    recoveryBackoff: undefined,
    successThreshold: 3,
    maxTrials: 1,
    rampMs: 0,
    mode: 'enforce',
  }
  const provider = factoryProvider('desk', { create: () => 1 })

  test('are the defaults where nothing else was said: plain values, no function among them', () => {
    expect(new ServiceProxy('desk', { provider }).settings).toStrictEqual(defaults)
    expect(new ServiceProxy('desk', { provider, breaker: plainBreaker }).settings).toStrictEqual({
      ...defaults,
      circuit: { ...circuit, failureThreshold: 5 },
    })
    expect(new ServiceProxy('desk', { provider, breaker: plainBreaker, circuit: false }).settings.circuit).toBe(false)
  })

  test('are what was said, one deadline for the circuit and the rest', () => {
    const { settings } = new ServiceProxy<number>('desk', {
      provider,
      breaker: plainBreaker,
      timeoutMs: 700,
      circuit: { failureThreshold: 2, isFailure: () => false },
      cacheTtlMs: 0,
      critical: true,
      fallback: () => 2,
      logger: { info: () => undefined, warn: () => undefined },
      clock: new ManualClock(),
      random: () => 0,
    })
    expect(settings).toStrictEqual({
      ...defaults,
      timeoutMs: 700,
      fallbackTimeoutMs: 700,
      cacheTtlMs: 0,
      critical: true,
      hasFallback: true,
      circuit: { ...circuit, failureThreshold: 2 },
    })
  })

  test('tell whose the instance is: borrowed unless the provider says that it is owned', () => {
    const silent = { serviceName: 'desk', getService: () => 1, checkHealth: () => true }
    expect(new ServiceProxy('desk', { provider: silent }).settings.ownership).toBe('borrowed')
    expect(new ServiceProxy('desk', { provider: appStateProvider('desk', () => ({})) }).settings.ownership).toBe(
      'borrowed',
    )
    expect(createServiceProxy({ name: 'desk', appState: {} }).settings.ownership).toBe('borrowed')
  })
})
