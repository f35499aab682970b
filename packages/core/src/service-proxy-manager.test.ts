import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ManualClock, plainBreaker } from '@svcproxy/testing'
import { describe, expect, expectTypeOf, onTestFinished, test } from 'vitest'
import { factoryProvider, InvalidOptionError, ServiceProxyManager, StoppedError, UnknownServiceError } from './index.ts'
import { systemClock } from './adapter.ts'
import type { Guarded, ServiceEvent, ServiceEventOf, ServiceProxy } from './index.ts'

interface Clock {
  time(): number
}
interface Flags {
  isOn(name: string): boolean
}

const clockProvider = factoryProvider<Clock>('clock', { create: () => ({ time: () => 12 }) })
const flagProvider = factoryProvider<Flags>('flags', { create: () => ({ isOn: (name) => name === 'a' }) })

function setUp() {
  return new ServiceProxyManager({ breaker: plainBreaker })
    .add('clock', { provider: clockProvider })
    .add('flags', { provider: flagProvider, critical: true })
}

describe('a manager', () => {
  test('gives proxies and guarded services, typed by name', async () => {
    const manager = setUp()
    expectTypeOf(manager.getProxy('clock')).toEqualTypeOf<ServiceProxy<Clock>>()
    expectTypeOf(manager.services.flags).toEqualTypeOf<Guarded<Flags>>()
    // @ts-expect-error no service of this name was added
    expect(() => manager.getProxy('nobody')).toThrow(UnknownServiceError)
    expect(await manager.services.clock.time()).toBe(12)
    expect(await manager.services.flags.isOn('a')).toBe(true)
    expect(manager.names).toEqual(['clock', 'flags'])
    expect(manager.has('clock') && !manager.has('nobody')).toBe(true)
  })

  test.for([
    '__proto__',
    'constructor',
    'then',
    'toString',
    '',
    ' ',
    '1st',
    'a/b',
    'a\0',
    'x'.repeat(101),
    7,
    undefined,
    null,
  ])('refuses %j as a name, and no prototype is touched', (name) => {
    const manager = new ServiceProxyManager()
    const before = Object.getOwnPropertyNames(Object.prototype)
    expect(() => manager.createProxy(name as string, { provider: clockProvider })).toThrow(InvalidOptionError)
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
    expect(Object.getPrototypeOf(manager.services)).toBeNull()
    expect(Reflect.ownKeys(manager.services)).toEqual([])
  })

  test.for(['__proto__', 'constructor', 'then', 'hasOwnProperty'])('does not know a service named %s', (name) => {
    const manager = setUp()
    expect(() => manager.getProxy(name as 'clock')).toThrow(`There is no service named "${name}"; known: clock, flags`)
    expect(Reflect.get(manager.services, name)).toBeUndefined()
  })

  test('gives its defaults to all, policies field by field, and what a service says goes before', () => {
    const clock = new ManualClock()
    const manager = new ServiceProxyManager({
      breaker: plainBreaker,
      clock,
      circuit: { failureThreshold: 2, recoveryTimeoutMs: 7_000 },
    })
      .add('clock', { provider: clockProvider, circuit: { failureThreshold: 1 } })
      .add('flags', { provider: flagProvider, circuit: false })
    const proxy = manager.getProxy('clock')
    proxy.importCircuit({ state: 'open', failures: 0, successes: 0, remainingMs: 7_000 })
    expect(proxy.retryAfterMs).toBe(7_000)
    expect(manager.getProxy('flags').circuitState).toBe('disabled')
    expect(manager.getProxy('flags').retryAfterMs).toBe(0)
  })

  test('checks its defaults at construction', () => {
    expect(() => new ServiceProxyManager({ cacheTtlMs: -1 })).toThrow(
      'cacheTtlMs must be a number in 0 … Infinity; received -1',
    )
    expect(() => new ServiceProxyManager({ circuit: {} })).toThrow('Install @svcproxy/breaker-opossum')
    // @ts-expect-error a provider is no default
    expect(() => new ServiceProxyManager({ provider: clockProvider })).toThrow(InvalidOptionError)
  })

  test('reports health: an open circuit warns, only an unhealthy critical service fails', async () => {
    const clock = new ManualClock()
    let healthy = true
    const flags = factoryProvider<Flags>('flags', { create: () => ({ isOn: () => true }), checkHealth: () => healthy })
    const manager = new ServiceProxyManager({ breaker: plainBreaker, clock })
      .add('clock', { provider: clockProvider })
      .add('flags', { provider: flags, critical: true })
    await manager.services.flags.isOn('a')
    expect(await manager.getHealthStatus()).toMatchObject({ status: 'pass', stopping: false })

    const isolation = manager.getProxy('flags').isolateCircuit()
    clock.advance(1_000)
    expect(await manager.getHealthStatus()).toMatchObject({
      status: 'warn',
      services: {
        clock: { status: 'pass' },
        flags: { status: 'warn', healthy: true, circuitState: 'isolated', critical: true },
      },
    })
    isolation[Symbol.dispose]()
    healthy = false
    clock.advance(1_000)
    expect(await manager.getHealthStatus()).toMatchObject({ status: 'fail', services: { flags: { status: 'fail' } } })
  })

  test('acts on all proxies: caches, circuits, metrics', async () => {
    const manager = setUp()
    await manager.services.clock.time()
    manager.invalidateAllCaches()
    await manager.services.clock.time()
    expect(manager.getAllMetrics()).toMatchObject({ clock: { cacheMisses: 2 }, flags: { totalRequests: 0 } })
    manager.getProxy('clock').importCircuit({ state: 'open', failures: 0, successes: 0, remainingMs: 9 })
    manager.resetAllCircuitBreakers()
    expect(manager.getProxy('clock').circuitState).toBe('closed')
  })

  test('overrides a service for tests', async () => {
    const manager = setUp()
    const fake = manager.override('clock', { time: () => 1 })
    expect(await manager.services.clock.time()).toBe(1)
    fake[Symbol.dispose]()
    expect(await manager.services.clock.time()).toBe(12)
  })

  test('removes a proxy: it is stopped, and its name is free', async () => {
    const manager = setUp()
    const proxy = manager.getProxy('clock')
    await manager.removeProxy('clock')
    await expect(proxy.get()).rejects.toBeInstanceOf(StoppedError)
    expect(Reflect.ownKeys(manager.services)).toEqual(['flags'])
    expect(() => manager.createProxy('clock', { provider: clockProvider })).not.toThrow()
  })

  test('stops all of them, once, and is not ready from that moment', async () => {
    const manager = setUp()
    const stop = manager.stop()
    expect(manager.stopping).toBe(true)
    expect(await manager.getHealthStatus()).toMatchObject({ status: 'fail', stopping: true })
    await stop
    await expect(manager.services.clock.time()).rejects.toBeInstanceOf(StoppedError)
    expect(manager.stop()).toBe(stop)
    expect(() => manager.createProxy('late', { provider: clockProvider })).toThrow(InvalidOptionError)
    await manager[Symbol.asyncDispose]()
  })
})

describe('a listener to all proxies of a manager', () => {
  /** What is heard of all proxies: `on` a type, `onAny`, and by the listeners of one proxy. */
  function setUpListeners() {
    const manager = setUp()
    const heard: string[] = []
    const hear =
      (who: string) =>
      ({ type, service }: ServiceEvent): void =>
        void heard.push(`${who}: ${type} ${service}`)
    return { manager, heard, hear }
  }

  test('hears of the proxies that were there and of those that are made later, each event once', async () => {
    const { manager, heard, hear } = setUpListeners()
    manager.on('invalidate', hear('on'))
    manager.onAny(hear('onAny'))
    const late = manager.createProxy('late', { provider: clockProvider })
    manager.invalidateAllCaches()
    await late.get()
    expect(heard).toEqual([
      'on: invalidate clock',
      'onAny: invalidate clock',
      'on: invalidate flags',
      'onAny: invalidate flags',
      'on: invalidate late',
      'onAny: invalidate late',
      'onAny: load late',
    ])
  })

  test('hears of its own type only, and its event is typed', () => {
    const { manager } = setUpListeners()
    const states: string[] = []
    manager.on('circuit', (event) => {
      expectTypeOf(event).toEqualTypeOf<ServiceEventOf<'circuit'>>()
      states.push(`${event.service} ${event.from} ${event.to}`)
    })
    manager.invalidateAllCaches()
    manager.getProxy('flags').isolateCircuit()
    expect(states).toEqual(['flags closed isolated'])
  })

  test('hears nothing once the function it was given was called; the others still do', () => {
    const { manager, heard, hear } = setUpListeners()
    const takeAway = [manager.on('expire', hear('first')), manager.onAny(hear('second'))]
    manager.on('expire', hear('third'))
    manager.getProxy('clock').expireCache()
    for (const off of takeAway) off()
    for (const off of takeAway) off()
    manager.getProxy('clock').expireCache()
    manager.createProxy('late', { provider: clockProvider }).expireCache()
    expect(heard).toEqual([
      'first: expire clock',
      'third: expire clock',
      'second: expire clock',
      'third: expire clock',
      'third: expire late',
    ])
  })

  test('hears that a proxy was removed, and nothing of it afterwards; of its successor again, once', async () => {
    const { manager, heard, hear } = setUpListeners()
    manager.onAny(hear('all'))
    const removed = manager.getProxy('clock')
    await manager.removeProxy('clock')
    expect(heard).toEqual(['all: stop clock'])
    removed.invalidateCache()
    expect(heard).toHaveLength(1)
    manager.createProxy('clock', { provider: clockProvider }).expireCache()
    expect(heard.slice(1)).toEqual(['all: expire clock'])
  })

  test('hears the end of all of them', async () => {
    const { manager, heard, hear } = setUpListeners()
    manager.on('stop', hear('all'))
    await manager.stop()
    expect(heard.toSorted()).toEqual(['all: stop clock', 'all: stop flags'])
  })

  test("is told after the proxy's own listeners to the type, also those added later", () => {
    const { manager, heard, hear } = setUpListeners()
    manager.on('expire', hear('manager'))
    manager.onAny(hear('manager, any'))
    manager.getProxy('clock').on('expire', hear('proxy'))
    manager.getProxy('clock').expireCache()
    expect(heard).toEqual(['proxy: expire clock', 'manager: expire clock', 'manager, any: expire clock'])
  })

  test('does not make an event one more on diagnostics_channel', () => {
    const { manager, heard, hear } = setUpListeners()
    const published: unknown[] = []
    const listener = (message: unknown): void => void published.push(message)
    subscribe('svcproxy:expire', listener)
    onTestFinished(() => void unsubscribe('svcproxy:expire', listener))
    manager.on('expire', hear('manager'))
    manager.getProxy('clock').expireCache()
    expect(heard).toHaveLength(1)
    expect(published).toEqual([{ type: 'expire', service: 'clock', cause: 'process' }])
  })

  test('that throws changes nothing for the service or for those who listen with it; its error is published', async () => {
    const { manager, heard, hear } = setUpListeners()
    const thrown = new Error('listener')
    const published: unknown[] = []
    const onError = (message: unknown): void => void published.push(message)
    subscribe('svcproxy:listener-error', onError)
    onTestFinished(() => void unsubscribe('svcproxy:listener-error', onError))
    const fail = (): never => {
      throw thrown
    }
    manager.on('load', fail)
    manager.onAny(fail)
    manager.on('load', hear('on'))
    manager.onAny(hear('onAny'))
    expect(await manager.services.clock.time()).toBe(12)
    expect(heard).toEqual(['on: load clock', 'onAny: load clock'])
    const event = expect.objectContaining({ type: 'load', service: 'clock' })
    expect(published).toEqual([
      { event, error: thrown },
      { event, error: thrown },
    ])
  })

  test('does not keep a proxy that was removed from being forgotten', async () => {
    const manager = new ServiceProxyManager<{ passing: Clock }>()
    manager.onAny(() => undefined)
    const removed: WeakRef<object>[] = []
    for (let round = 0; round < 100; round++) {
      removed.push(new WeakRef(manager.createProxy('passing', { provider: clockProvider })))
      await manager.removeProxy('passing')
    }
    await new ManualClock().settle()
    setFlagsFromString('--expose-gc')
    const collectGarbage = runInNewContext('gc') as () => void
    collectGarbage()
    expect(removed.filter((proxy) => proxy.deref() !== undefined).length).toBeLessThan(10)
  })
})

test('its clock is that of its defaults, or of the process', () => {
  const clock = new ManualClock()
  expect(new ServiceProxyManager({ clock }).clock).toBe(clock)
  expect(new ServiceProxyManager().clock).toBe(systemClock)
})
