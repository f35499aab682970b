import { describe, expect, test } from 'vitest'
import {
  appStateProvider,
  compositeProvider,
  factoryProvider,
  registryProvider,
  ServiceRegistry,
  ServiceUnavailableError,
} from '../index.ts'
import type { ServiceProvider } from '../index.ts'

const context = { signal: new AbortController().signal }
const down = new Error('down')

const failing = (name: string): ServiceProvider<object> => ({
  serviceName: name,
  getService: () => Promise.reject(down),
  checkHealth: () => Promise.reject(down),
})

describe('factoryProvider', () => {
  test('passes the signal on, and owns what it made', async () => {
    const disposed: object[] = []
    const provider = factoryProvider('pool', {
      create: ({ signal }) => ({ signal }),
      checkHealth: (pool, { signal }) => pool.signal === signal,
      dispose: (pool) => void disposed.push(pool),
    })
    const pool = await provider.getService(context)
    expect(provider.ownership).toBe('owned')
    expect(pool.signal).toBe(context.signal)
    expect(await provider.checkHealth(pool, context)).toBe(true)
    await provider.disposeService?.(pool)
    expect(disposed).toEqual([pool])
  })

  test('takes a service that it made for healthy unless it is told how to ask', async () => {
    const provider = factoryProvider('pool', { create: () => ({}) })
    expect(await provider.checkHealth({}, context)).toBe(true)
    expect(await provider.checkHealth(undefined, context)).toBe(true)
  })

  test('disposes by symbol what can be disposed: asynchronously where both are offered', async () => {
    const log: string[] = []
    const both = {
      [Symbol.asyncDispose]: async () => void log.push('async'),
      [Symbol.dispose]: () => void log.push('sync'),
    }
    const sync = { [Symbol.dispose]: () => void log.push('sync') }
    const provider = factoryProvider<unknown>('pool', { create: () => both })
    for (const service of [both, sync, {}, 'text', null]) await provider.disposeService?.(service)
    expect(log).toEqual(['async', 'sync'])
  })
})

describe('registryProvider', () => {
  test.for([
    ['a Map', () => new Map([['pool', 'p']])],
    ['our registry', () => new ServiceRegistry().register('pool', 'p')],
    ['an awilix-like container', () => ({ hasRegistration: (name: string) => name === 'pool', resolve: () => 'p' })],
  ] as const)('finds a service in %s, and only borrows it', async ([, getRegistry]) => {
    const provider = registryProvider<string>('pool', getRegistry)
    expect(await provider.getService(context)).toBe('p')
    expect([provider.ownership, provider.disposeService]).toEqual(['borrowed', undefined])
    await expect(async () => registryProvider('other', getRegistry).getService(context)).rejects.toThrow(
      "Service 'other' is unavailable: the registry has no service named other",
    )
  })

  test('finds a service that is registered under another name', async () => {
    const registry = new Map([['rawPool', 'p']])
    const provider = registryProvider<string>('pool', () => registry, { registeredAs: 'rawPool' })
    expect([provider.serviceName, await provider.getService(context)]).toEqual(['pool', 'p'])
    const wrong: unknown = 5
    expect(() => registryProvider('pool', () => registry, { registeredAs: wrong as string })).toThrow(
      'registeredAs must be a string; received 5',
    )
  })

  test('checks what it finds now when no service was loaded', async () => {
    const registry = new Map([['pool', 'p']])
    const provider = registryProvider<string>('pool', () => registry, { checkHealth: (pool) => pool === 'p' })
    expect(await provider.checkHealth(undefined, context)).toBe(true)
    expect(await provider.checkHealth('other', context)).toBe(false)
    registry.clear()
    await expect(async () => provider.checkHealth(undefined, context)).rejects.toBeInstanceOf(ServiceUnavailableError)
    expect(await registryProvider<string>('pool', () => registry).checkHealth('p', context)).toBe(true)
  })
})

describe('appStateProvider', () => {
  test('reads the state each time it is asked, inherited properties included', async () => {
    const context = { signal: new AbortController().signal }
    const state: { pool?: string } = Object.create({ pool: 'inherited' })
    const provider = appStateProvider<string>('pool', () => state)
    expect(await provider.getService(context)).toBe('inherited')
    state.pool = 'own'
    expect(await provider.getService(context)).toBe('own')
    await expect(async () => appStateProvider('other', () => state).getService(context)).rejects.toThrow(
      'the application state has no service of this name',
    )
  })
})

describe('compositeProvider', () => {
  test('takes the first service it gets, in order', async () => {
    const provider = compositeProvider('pool', [
      failing('first'),
      factoryProvider<object>('second', { create: () => new Map() }),
      factoryProvider<object>('third', { create: () => new Set() }),
    ])
    expect(await provider.getService(context)).toBeInstanceOf(Map)
  })

  test('that gets none names every provider and keeps every cause', async () => {
    const nothing = factoryProvider<object>('b', { create: () => undefined as unknown as object })
    const provider = compositeProvider('pool', [
      failing('a'),
      nothing,
      registryProvider<object>('pool', () => new Map()),
    ])
    const error = await Promise.resolve(provider.getService(context)).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(ServiceUnavailableError)
    expect(error).toMatchObject({
      message: "Service 'pool' is unavailable: all providers failed (a, factory, registry)",
      cause: { errors: [down, { code: 'SVCPROXY_UNAVAILABLE' }, { code: 'SVCPROXY_UNAVAILABLE' }] },
    })
  })

  test('tries no further when its time is over', async () => {
    const caller = new AbortController()
    let asked = false
    const first: ServiceProvider<object> = {
      ...failing('first'),
      getService: () => {
        caller.abort()
        throw down
      },
    }
    const second = factoryProvider<object>('second', { create: () => ((asked = true), {}) })
    await expect(async () => compositeProvider('pool', [first, second]).getService(caller)).rejects.toThrow('(first)')
    expect(asked).toBe(false)
  })

  test('is healthy if any of them is, and asks the origin of a service about it', async () => {
    const asked: unknown[] = []
    const owner = factoryProvider<object>('b', {
      create: () => ({}),
      checkHealth: (service) => {
        asked.push(service)
        return false
      },
    })
    const provider = compositeProvider('pool', [failing('a'), owner])
    expect(await provider.checkHealth(undefined, context)).toBe(true)
    expect(await compositeProvider('pool', [failing('a'), failing('b')]).checkHealth(undefined, context)).toBe(false)
    const service = await provider.getService(context)
    expect(await provider.checkHealth(service, context)).toBe(false)
    expect(asked).toEqual([service])
  })

  test('disposes what an owner made and leaves alone what was borrowed', async () => {
    const disposed: object[] = []
    const borrowed = { borrowed: true }
    const registry = new Map<string, object>([['pool', borrowed]])
    const provider = compositeProvider('pool', [
      registryProvider<object>('pool', () => registry),
      factoryProvider<object>('pool', { create: () => ({}), dispose: (service) => void disposed.push(service) }),
    ])
    expect(provider.ownership).toBe('owned')
    await provider.disposeService?.(await provider.getService(context))
    registry.clear()
    const made = await provider.getService(context)
    await provider.disposeService?.(made)
    expect(disposed).toEqual([made])
    expect(compositeProvider('pool', [failing('a')]).ownership).toBe('borrowed')
  })
})
