import { ManualClock, plainBreaker } from '@svcproxy/testing'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { factoryProvider, InvalidOptionError, ServiceProxyManager, StoppedError, UnknownServiceError } from './index.ts'
import type { Guarded, ServiceProxy } from './index.ts'

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
