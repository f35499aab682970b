import { AsyncLocalStorage } from 'node:async_hooks'
import { ManualClock, plainBreaker } from '@svcproxy/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  CapacityError,
  CircuitOpenError,
  createServiceProxy,
  factoryProvider,
  ServiceProxy,
  ServiceRegistry,
  ServiceTimeoutError,
  ServiceUnavailableError,
  StoppedError,
} from './index.ts'
import type { ServiceEvent, ServiceProxyOptions } from './index.ts'

const down = new Error('down')

const ANSWERS: readonly (readonly [string, () => unknown, unknown])[] = [
  ['a plain value', () => 42, 42],
  ['undefined', () => undefined, undefined],
  ['a promise', async () => 'later', 'later'],
  ['a thenable', () => ({ then: (resolve: (value: string) => void) => resolve('then') }), 'then'],
]

/** Something to call: answers when the test says so. */
class Desk {
  readonly #open: { resolve: (value: string) => void; reject: (error: unknown) => void }[] = []
  ask(): Promise<string> {
    return new Promise<string>((resolve, reject) => this.#open.push({ resolve, reject }))
  }
  answer(value = 'answer'): void {
    this.#open.shift()?.resolve(value)
  }
  refuse(error: unknown = down): void {
    this.#open.shift()?.reject(error)
  }
}

function setUp(options: Partial<ServiceProxyOptions<Desk>> = {}) {
  const clock = new ManualClock()
  const desk = new Desk()
  const disposed: Desk[] = []
  const proxy = new ServiceProxy('desk', {
    provider: factoryProvider('desk', { create: () => desk, dispose: (service) => void disposed.push(service) }),
    breaker: plainBreaker,
    clock,
    random: () => 0.5,
    ...options,
  })
  return { clock, desk, disposed, proxy }
}

async function openCircuit({ proxy, desk, clock }: ReturnType<typeof setUp>): Promise<void> {
  for (let failure = 0; failure < 5; failure++) {
    const call = proxy.service.ask()
    await clock.settle()
    desk.refuse()
    await expect(call).rejects.toBe(down)
  }
}

describe('a call', () => {
  test('reaches the service only when it is needed, and loads it once for all who ask at the same time', async () => {
    let loads = 0
    const { proxy } = setUp({ provider: factoryProvider('desk', { create: () => (loads++, new Desk()) }) })
    expect(loads).toBe(0)
    await Promise.all([proxy.get(), proxy.call(() => 1), proxy.get()])
    expect(loads).toBe(1)
  })

  test('rejects with what the service rejected with: the same object', async () => {
    const { proxy } = setUp()
    const domainError = { code: 'NOT_FOUND' }
    await expect(proxy.call(() => Promise.reject(domainError))).rejects.toBe(domainError)
  })

  test.for(ANSWERS)('may return %s', async ([, operation, expected]) => {
    const { proxy } = setUp()
    await expect(proxy.call(operation)).resolves.toBe(expected)
  })

  test('that throws synchronously rejects', async () => {
    const { proxy } = setUp()
    const thrown = new RangeError('at once')
    const call = proxy.call(() => {
      throw thrown
    })
    await expect(call).rejects.toBe(thrown)
  })

  test('that runs past its deadline rejects then, aborts its own signal, and its late end is ignored', async () => {
    const { clock, proxy } = setUp()
    let signal: AbortSignal | undefined
    let finish: ((error: unknown) => void) | undefined
    const call = proxy.call((_, context) => {
      signal = context.signal
      return new Promise((_resolve, reject) => (finish = reject))
    })
    const answered = expect(call).rejects.toBeInstanceOf(ServiceTimeoutError)
    await clock.advanceAsync(4_999)
    expect(signal?.aborted).toBe(false)
    await clock.advanceAsync(1)
    await answered
    expect(signal?.reason).toBeInstanceOf(ServiceTimeoutError)
    finish?.(down)
    await clock.settle()
    expect(proxy.getMetrics()).toMatchObject({ failedRequests: 1, timedOutRequests: 1, inFlight: 0 })
  })

  test('whose caller aborts rejects with the reason, aborts its own signal, and does not count against the service', async () => {
    const { clock, proxy } = setUp()
    const caller = new AbortController()
    const reason = new Error('client gone')
    let signal: AbortSignal | undefined
    const call = proxy.call(
      (_, context) => {
        signal = context.signal
        return new Promise<never>(() => undefined)
      },
      { signal: caller.signal },
    )
    await clock.settle()
    caller.abort(reason)
    await expect(call).rejects.toBe(reason)
    expect(signal?.reason).toBe(reason)
    expect(proxy.exportCircuit().failures).toBe(0)
    expect(proxy.getMetrics()).toMatchObject({ failedRequests: 1, abortedRequests: 1 })
  })

  test('whose caller has aborted before does not reach the service', async () => {
    const { proxy } = setUp()
    await proxy.get()
    let ran = false
    const reason = new Error('too late')
    await expect(proxy.call(() => (ran = true), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    await expect(proxy.get({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(ran).toBe(false)
  })

  test('leaves nothing on the signal of its caller', async () => {
    const { proxy } = setUp()
    const { signal } = new AbortController()
    const listeners = new Set<unknown>()
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    Object.assign(signal, {
      addEventListener: (type: 'abort', listener: () => void) => (listeners.add(listener), add(type, listener)),
      removeEventListener: (type: 'abort', listener: () => void) => (
        listeners.delete(listener),
        remove(type, listener)
      ),
    })
    await proxy.call(() => 1, { signal })
    await proxy.get({ signal })
    await expect(proxy.call(() => Promise.reject(down), { signal })).rejects.toBe(down)
    expect(listeners.size).toBe(0)
  })

  test('runs in the async context of its caller', async () => {
    const { proxy } = setUp()
    const request = new AsyncLocalStorage<string>()
    await proxy.get()
    await expect(request.run('a', () => proxy.call(() => request.getStore()))).resolves.toBe('a')
    await expect(request.run('b', () => proxy.call(() => request.getStore()))).resolves.toBe('b')
  })

  test('beyond maxConcurrentCalls is refused, and a slot is free again when the work has ended, not when it timed out', async () => {
    const { clock, desk, proxy } = setUp({ maxConcurrentCalls: 1 })
    const first = expect(proxy.service.ask()).rejects.toBeInstanceOf(ServiceTimeoutError)
    await clock.settle()
    await expect(proxy.service.ask()).rejects.toMatchObject({ code: 'SVCPROXY_CAPACITY', status: 503 })
    await clock.advanceAsync(5_000)
    await first
    const refused: unknown = await proxy.service.ask().catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(CapacityError)
    expect(refused).toHaveProperty('stack', expect.not.stringContaining('\n'))
    desk.answer()
    await clock.settle()
    const next = proxy.service.ask()
    await clock.settle()
    desk.answer('free')
    await expect(next).resolves.toBe('free')
    expect(proxy.exportCircuit().failures).toBe(0)
    expect(proxy.getMetrics()).toMatchObject({ rejectedRequests: 2, timedOutRequests: 1 })
  })
})

describe('a cached get', () => {
  function setUpCached() {
    let loads = 0
    const provider = factoryProvider('desk', { create: () => (loads++, new Desk()) })
    return { ...setUp({ provider, cacheTtlMs: 60_000, cacheTtlJitterRatio: 0 }), loads: () => loads }
  }

  test('is served to the last millisecond of its time and not beyond, also when no timer runs in the last two seconds', async () => {
    for (const pass of ['advance', 'starve'] as const) {
      const { clock, proxy, loads } = setUpCached()
      await proxy.get()
      clock.advance(58_000)
      clock[pass](1_999)
      await proxy.get()
      expect(loads()).toBe(1)
      clock[pass](1)
      await proxy.get()
      expect(loads()).toBe(2)
    }
  })

  test('is not served when it was expired, invalidated or stopped', async () => {
    const { proxy, loads } = setUpCached()
    await proxy.get()
    proxy.expireCache()
    await proxy.get()
    expect(loads()).toBe(2)
    proxy.invalidateCache()
    await proxy.get()
    expect(loads()).toBe(3)
    await proxy.stop()
    await expect(proxy.get()).rejects.toBeInstanceOf(StoppedError)
  })

  test('of a security service is held to the wall clock, too, however far its end seems', async () => {
    let loads = 0
    const provider = factoryProvider('desk', { create: () => (loads++, new Desk()) })
    const { clock, proxy } = setUp({ provider, security: true, cacheTtlMs: 60_000, cacheTtlJitterRatio: 0 })
    await proxy.get()
    clock.stepWall(60_000)
    await proxy.get()
    expect(loads).toBe(2)
  })

  test('reads no clock while its end is far, and reads it when that is near', async () => {
    const { clock, proxy } = setUpCached()
    let readings = 0
    const now = clock.now.bind(clock)
    clock.now = () => (readings++, now())
    await proxy.get()
    readings = 0
    await proxy.get()
    await proxy.get()
    expect(readings).toBe(0)
    clock.advance(59_000)
    readings = 0
    await proxy.get()
    expect(readings).toBe(1)
  })

  test('leaves no timer behind, also when an override took its place', async () => {
    const { clock, proxy } = setUpCached()
    await proxy.get()
    proxy.override(new Desk())[Symbol.dispose]()
    await proxy.get()
    await proxy.stop()
    expect(clock.pendingTimers).toBe(0)
  })
})

describe('the circuit of a proxy', () => {
  test('rejects get() too while it is open, although an instance is cached, and says when to try again', async () => {
    const service = setUp()
    await openCircuit(service)
    service.clock.advance(10_500)
    const error = await service.proxy.get().catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(CircuitOpenError)
    expect(error).toMatchObject({ status: 503, retryAfterMs: 19_500, headers: { 'Retry-After': '20' } })
  })

  test('refuses without a stack, which would cost more than all the rest, and leaves the stacks of others alone', async () => {
    const service = setUp()
    await openCircuit(service)
    const limit = Error.stackTraceLimit
    for (const refused of [service.proxy.service.ask(), service.proxy.get()]) {
      const error = (await refused.catch((caught: unknown) => caught)) as CircuitOpenError
      expect(error.stack).toBe("CircuitOpenError: The circuit of service 'desk' does not admit calls now")
    }
    expect(Error.stackTraceLimit).toBe(limit)
    expect(new Error('another').stack).toContain('service-proxy.test.ts')
  })

  test('refuses a call at once; an aborted caller and a stopped proxy are told of that instead', async () => {
    const service = setUp()
    await openCircuit(service)
    const { proxy } = service
    const order: string[] = []
    const refused = proxy.service.ask().catch(() => order.push('refused'))
    queueMicrotask(() => order.push('next microtask'))
    queueMicrotask(() => queueMicrotask(() => order.push('the one after')))
    await refused
    expect(order.indexOf('refused')).toBeLessThanOrEqual(1)
    await expect(proxy.call(() => 1, { signal: AbortSignal.abort(down) })).rejects.toBe(down)
    await proxy.stop()
    await expect(proxy.call(() => 1)).rejects.toBeInstanceOf(StoppedError)
    expect(proxy.getMetrics()).toMatchObject({ rejectedRequests: 2, abortedRequests: 1, inFlight: 0, cacheMisses: 2 })
  })

  test('heals with get() alone', async () => {
    const service = setUp()
    await openCircuit(service)
    service.clock.advance(30_000)
    for (let trial = 0; trial < 3; trial++) await service.proxy.get()
    expect(service.proxy.circuitState).toBe('closed')
  })

  test('isFailure decides what counts: a domain error neither opens it nor calls for a fallback', async () => {
    const notFound = new Error('not found')
    const { proxy } = setUp({
      circuit: { failureThreshold: 1, isFailure: (error) => error !== notFound },
      fallback: () => new Desk(),
    })
    await expect(proxy.call(() => Promise.reject(notFound))).rejects.toBe(notFound)
    expect(proxy.circuitState).toBe('closed')
    expect(proxy.getMetrics()).toMatchObject({ successfulRequests: 1, fallbacks: 0 })
  })

  test('isolateCircuit holds it open, with no time to wait for, until the handle is disposed', async () => {
    const { proxy } = setUp()
    const isolation = proxy.isolateCircuit()
    expect(proxy.circuitState).toBe('isolated')
    proxy.resetCircuitBreaker()
    const error = await proxy.service.ask().catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'SVCPROXY_CIRCUIT_OPEN', headers: {} })
    isolation[Symbol.dispose]()
    expect(proxy.circuitState).toBe('closed')
  })

  test('can be left out: deadlines stay', async () => {
    const { clock, proxy } = setUp({ circuit: false, timeoutMs: 100 })
    expect(proxy.circuitState).toBe('disabled')
    const call = expect(proxy.service.ask()).rejects.toMatchObject({ timeoutMs: 100 })
    await clock.advanceAsync(100)
    await call
    for (let failure = 0; failure < 20; failure++) {
      await expect(proxy.call(() => Promise.reject(down))).rejects.toBe(down)
    }
    expect(() => proxy.isolateCircuit()).toThrow("circuit must be enabled on service 'desk'")
  })

  test('without a breaker is refused, and the error says what to install', () => {
    const provider = factoryProvider('desk', { create: () => new Desk() })
    expect(() => new ServiceProxy('desk', { provider, circuit: {} })).toThrow('@svcproxy/breaker-opossum')
  })
})

describe('a fallback', () => {
  test('answers a get() that failed, and is told why', async () => {
    const { proxy } = setUp({ provider: factoryProvider('desk', { create: () => Promise.reject(down) }) })
    const substitute = new Desk()
    let told: unknown
    const got = await proxy.getWithFallback((error) => ((told = error), substitute))
    expect(got).toBe(substitute)
    expect(told).toMatchObject({ code: 'SVCPROXY_UNAVAILABLE', cause: down })
    expect(proxy.getMetrics()).toMatchObject({ failedRequests: 1, fallbacks: 1 })
  })

  test('of the proxy gives a substitute, on which a failed call is made', async () => {
    const substitute = { greet: (name: string) => `hello ${name}` }
    const proxy = new ServiceProxy('greeter', {
      provider: factoryProvider('greeter', {
        create: () => ({
          greet(): string {
            throw down
          },
        }),
      }),
      fallback: () => substitute,
    })
    await expect(proxy.service.greet('you')).resolves.toBe('hello you')
  })

  test('of a call goes before that of the proxy', async () => {
    const { proxy } = setUp({ fallback: () => new Desk() })
    await expect(proxy.call(() => Promise.reject<string>(down), { fallback: () => 'mine' })).resolves.toBe('mine')
  })

  test('answers while the circuit is open and when the deadline has passed', async () => {
    const service = setUp()
    const late = service.proxy.call((desk) => desk.ask(), { fallback: () => 'late' })
    await service.clock.advanceAsync(5_000)
    await expect(late).resolves.toBe('late')
    service.desk.answer()
    service.proxy.resetCircuitBreaker()
    await openCircuit(service)
    await expect(service.proxy.call((desk) => desk.ask(), { fallback: () => 'open' })).resolves.toBe('open')
  })

  test('is not asked when the caller aborted', async () => {
    const { clock, proxy } = setUp()
    const caller = new AbortController()
    let asked = false
    const call = proxy.call((desk) => desk.ask(), { signal: caller.signal, fallback: () => ((asked = true), 'x') })
    const get = proxy.getWithFallback(() => ((asked = true), new Desk()), { signal: AbortSignal.abort('gone') })
    await expect(get).rejects.toBe('gone')
    await clock.settle()
    caller.abort('gone')
    await expect(call).rejects.toBe('gone')
    expect(asked).toBe(false)
  })

  test('that throws rejects with its own error, the first one as its cause', async () => {
    const { proxy } = setUp()
    const second = new Error('second')
    const call = proxy.call(() => Promise.reject<string>(down), {
      fallback: () => {
        throw second
      },
    })
    await expect(call).rejects.toBe(second)
    expect(second.cause).toBe(down)
    const rethrown = proxy.call(() => Promise.reject<string>(down), { fallback: (error) => Promise.reject(error) })
    await expect(rethrown).rejects.toBe(down)
    expect(down.cause).toBeUndefined()
    expect(proxy.getMetrics().fallbacks).toBe(0)
  })
})

describe('a provider', () => {
  test.for([undefined, null])('that returns %s is an unavailable service', async (nothing) => {
    const { proxy } = setUp({ provider: factoryProvider('desk', { create: () => nothing as unknown as Desk }) })
    await expect(proxy.get()).rejects.toBeInstanceOf(ServiceUnavailableError)
  })

  test('whose instance is unhealthy or cannot be checked gives nothing, and an owned instance is disposed', async () => {
    for (const checkHealth of [() => false, () => Promise.reject(down)]) {
      const disposed: Desk[] = []
      const { clock, proxy } = setUp({
        provider: factoryProvider('desk', {
          create: () => new Desk(),
          checkHealth,
          dispose: (desk) => void disposed.push(desk),
        }),
      })
      await expect(proxy.get()).rejects.toThrow('did not pass its health check')
      await clock.settle()
      expect(disposed).toHaveLength(1)
    }
  })

  test('is found in what a getter returns, which is asked at each load', async () => {
    const desks = [new Desk(), new Desk()]
    const states: object[] = []
    const proxy = createServiceProxy<Desk>({
      name: 'desk',
      registry: () => new ServiceRegistry(),
      appState: () => {
        const state = { desk: desks[states.length] }
        states.push(state)
        return state
      },
    })
    expect(await proxy.get()).toBe(desks[0])
    proxy.invalidateCache()
    expect(await proxy.get()).toBe(desks[1])
  })

  test('is found in the registry first and in the application state next', async () => {
    const registry = new ServiceRegistry()
    const fromState = new Desk()
    const fromRegistry = new Desk()
    const proxy = createServiceProxy<Desk>({ name: 'desk', registry, appState: { desk: fromState } })
    expect(await proxy.get()).toBe(fromState)
    registry.register('desk', fromRegistry)
    proxy.invalidateCache()
    expect(await proxy.get()).toBe(fromRegistry)
    expect(() => createServiceProxy({ name: 'desk' })).toThrow('provider must be given, unless registry or appState is')
  })
})

describe('health', () => {
  test('never rejects, is shared by concurrent callers and good for a second', async () => {
    let checks = 0
    let healthy = true
    const { clock, proxy } = setUp({
      provider: {
        serviceName: 'desk',
        getService: () => new Desk(),
        checkHealth: () => {
          checks++
          if (!healthy) throw down
          return true
        },
      },
    })
    const changes: boolean[] = []
    proxy.on('health', (event) => changes.push(event.healthy))
    expect(await Promise.all([proxy.checkHealth(), proxy.checkHealth()])).toEqual([true, true])
    expect(checks).toBe(1)
    healthy = false
    expect(await proxy.checkHealth()).toBe(true)
    clock.advance(1_000)
    expect(await proxy.checkHealth()).toBe(false)
    expect(checks).toBe(2)
    expect(changes).toEqual([false])
    expect(proxy.exportCircuit().failures).toBe(0)
  })

  test('that hangs is unhealthy at the deadline', async () => {
    const { clock, proxy } = setUp({
      provider: { serviceName: 'desk', getService: () => new Desk(), checkHealth: () => new Promise(() => undefined) },
    })
    const check = proxy.checkHealth()
    await clock.advanceAsync(5_000)
    expect(await check).toBe(false)
  })

  test('does not make whoever asks wait longer than it says', async () => {
    const { clock, proxy } = setUp({
      provider: { serviceName: 'desk', getService: () => new Desk(), checkHealth: () => new Promise(() => undefined) },
    })
    const check = proxy.checkHealth({ timeoutMs: 900 })
    await clock.advanceAsync(900)
    expect(await check).toBe(false)
    await expect(proxy.checkHealth({ timeoutMs: 0 })).rejects.toThrow('timeoutMs must be a number in 1')
  })

  test('of a critical service that was never loaded is whether it can be loaded, also when its circuit is open', async () => {
    let up = false
    let loads = 0
    const { clock, proxy } = setUp({
      critical: true,
      backoffInitialMs: 0,
      circuit: { failureThreshold: 2, recoveryTimeoutMs: 10_000 },
      provider: factoryProvider('desk', {
        create: () => {
          loads++
          return up ? new Desk() : Promise.reject(down)
        },
      }),
    })
    for (const state of ['closed', 'open', 'open'] as const) {
      expect(await proxy.checkHealth()).toBe(false)
      expect(proxy.circuitState).toBe(state)
      clock.advance(1_000)
    }
    expect(loads).toBe(2)
    up = true
    clock.advance(10_000)
    expect(await proxy.checkHealth()).toBe(true)
    clock.advance(1_000)
    expect(await proxy.checkHealth()).toBe(true)
    expect(loads).toBe(3)
    expect(proxy.getMetrics().totalRequests).toBe(0)
  })

  test('checked in the background opens the circuit, and closes it again without a call of a user', async () => {
    let healthy = true
    const { clock, proxy } = setUp({
      provider: factoryProvider('desk', { create: () => new Desk(), checkHealth: () => healthy }),
      healthIntervalMs: 1_000,
      circuit: { recoveryTimeoutMs: 10_000 },
    })
    await proxy.get()
    healthy = false
    await clock.advanceAsync(5_000)
    expect(proxy.circuitState).toBe('open')
    healthy = true
    await clock.advanceAsync(13_000)
    expect(proxy.circuitState).toBe('closed')
    expect(await proxy.checkHealth()).toBe(true)
    await proxy.stop()
    expect(clock.pendingTimers).toBe(0)
  })
})

describe('stop', () => {
  test('takes no new work, waits for calls under way, then disposes; and is done once', async () => {
    const { clock, desk, disposed, proxy } = setUp()
    const running = proxy.service.ask()
    await clock.settle()
    let stopped = false
    const stop = proxy.stop().then(() => (stopped = true))
    await expect(proxy.get()).rejects.toBeInstanceOf(StoppedError)
    await expect(proxy.service.ask()).rejects.toBeInstanceOf(StoppedError)
    await clock.settle()
    expect([stopped, disposed.length]).toEqual([false, 0])
    desk.answer('last')
    await expect(running).resolves.toBe('last')
    await stop
    expect(disposed).toEqual([desk])
    expect(proxy.stop()).toBe(proxy.stop())
    expect(await proxy.checkHealth()).toBe(false)
    expect(proxy.getMetrics()).toMatchObject({ rejectedRequests: 2, inFlight: 0 })
  })

  test('does not wait longer than it is told, and what is in use then is disposed when it is let go', async () => {
    const { clock, desk, disposed, proxy } = setUp()
    const running = proxy.service.ask()
    await clock.settle()
    const stop = proxy.stop({ timeoutMs: 1_000 })
    await clock.advanceAsync(1_000)
    await stop
    expect(disposed).toEqual([])
    desk.answer()
    await running
    await clock.settle()
    expect(disposed).toEqual([desk])
    await clock.advanceAsync(5_000)
    expect(clock.pendingTimers).toBe(0)
  })

  test('is what asyncDispose does', async () => {
    const { disposed, proxy } = setUp()
    await proxy.get()
    await proxy[Symbol.asyncDispose]()
    expect(disposed).toHaveLength(1)
  })
})

describe('override', () => {
  test('serves a substitute until it is taken back, through everything that would replace it, and never disposes it', async () => {
    const { desk, disposed, proxy } = setUp()
    const real = await proxy.get()
    const fake = new Desk()
    const override = proxy.override(fake)
    proxy.invalidateCache()
    proxy.expireCache()
    expect(await proxy.get()).toBe(fake)
    override[Symbol.dispose]()
    override[Symbol.dispose]()
    expect(await proxy.get()).toBe(real)
    expect(real).toBe(desk)
    await proxy.stop()
    expect(disposed).toEqual([desk])
  })
})

describe('events', () => {
  test('tell what happened, in order', async () => {
    const service = setUp()
    const events: ServiceEvent[] = []
    for (const type of ['circuit', 'load', 'invalidate', 'expire', 'dispose', 'fallback', 'stop'] as const) {
      service.proxy.on(type, (event) => events.push(event))
    }
    await openCircuit(service)
    await service.proxy.getWithFallback(() => new Desk())
    service.proxy.expireCache()
    service.proxy.invalidateCache()
    await service.proxy.stop()
    expect(events.map(({ type }) => type)).toEqual([
      'load',
      'circuit',
      'fallback',
      'expire',
      'invalidate',
      'dispose',
      'stop',
    ])
    expect(events[1]).toEqual({
      type: 'circuit',
      service: 'desk',
      from: 'closed',
      to: 'open',
      observed: false,
      cause: 'process',
    })
  })

  test('whose listener throws or calls back change no result and no count', async () => {
    const service = setUp()
    const order: string[] = []
    service.proxy.on('circuit', () => {
      throw new Error('listener')
    })
    service.proxy.on('circuit', ({ to }) => {
      order.push(`first ${to}`)
      if (to === 'open') service.proxy.resetCircuitBreaker()
    })
    const off = service.proxy.on('circuit', ({ to }) => order.push(`second ${to}`))
    await openCircuit(service)
    expect(service.proxy.circuitState).toBe('closed')
    expect(order).toEqual(['first open', 'second open', 'first closed', 'second closed'])
    off()
    service.proxy.isolateCircuit()
    expect(order).toHaveLength(5)
  })
})

describe('metrics', () => {
  test('are 100 and 0 percent before the first request', () => {
    expect(setUp().proxy.getMetrics()).toMatchObject({
      totalRequests: 0,
      successRate: 100,
      failureRate: 0,
      avgResponseTimeMs: 0,
      lastSuccessTime: undefined,
      lastFailureTime: undefined,
    })
  })

  test('average over the requests that did work: cache hits do not hide the latency of the service', async () => {
    const { clock, desk, proxy } = setUp()
    await proxy.get()
    for (let hit = 0; hit < 100; hit++) await proxy.get()
    const call = proxy.service.ask()
    await clock.advanceAsync(200)
    desk.answer()
    await call
    const metrics = proxy.getMetrics()
    // One load that took no time, and one call.
    expect(metrics.avgResponseTimeMs).toBe(100)
    expect(metrics.latency['ask']).toMatchObject({ count: 1, maxMs: 200 })
    expect(metrics.lastSuccessTime).toEqual(new Date(clock.wallNow()))
  })

  test('always add up, whatever happens in whatever order', async () => {
    const step = fc.constantFrom('get', 'call', 'answer', 'refuse', 'abort', 'time', 'invalidate', 'isolate', 'reset')
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { clock, desk, proxy } = setUp({
          circuit: { failureThreshold: 2, recoveryTimeoutMs: 2_000 },
          cacheTtlMs: 3_000,
        })
        const settled: Promise<unknown>[] = []
        let caller = new AbortController()
        let asked = 0
        const actions: Record<typeof step extends fc.Arbitrary<infer S> ? S : never, () => unknown> = {
          get: () => (asked++, settled.push(proxy.get({ signal: caller.signal }).catch(() => undefined))),
          call: () => (
            asked++,
            settled.push(proxy.call((service) => service.ask(), { signal: caller.signal }).catch(() => undefined))
          ),
          answer: () => desk.answer(),
          refuse: () => desk.refuse(),
          abort: () => {
            caller.abort()
            caller = new AbortController()
          },
          time: () => clock.advanceAsync(1_300),
          invalidate: () => proxy.invalidateCache(),
          isolate: () => proxy.isolateCircuit()[Symbol.dispose](),
          reset: () => proxy.resetCircuitBreaker(),
        }
        const addsUp = (): void => {
          const m = proxy.getMetrics()
          expect(m.successfulRequests + m.failedRequests + m.rejectedRequests + m.inFlight).toBe(asked)
          expect(m.totalRequests).toBe(asked)
        }
        for (const name of steps) {
          await actions[name]()
          addsUp()
          await clock.settle()
          addsUp()
        }
        await clock.advanceAsync(10_000)
        await Promise.all(settled)
        addsUp()
        expect(proxy.getMetrics().inFlight).toBe(0)
      }),
      { numRuns: 200 },
    )
  })
})
