// The pattern comes from an application whose implementation had ten faults. Each has a test of its name here, which
// fails on a build with the fault put back.
import { ManualClock, plainBreaker } from '@svcproxy/testing'
import { describe, expect, test } from 'vitest'
import { CircuitOpenError, factoryProvider, InvalidOptionError, ServiceProxy, ServiceProxyManager } from './index.ts'
import type { ServiceProxyOptions } from './index.ts'

interface Vehicles {
  find(id: string): Promise<string>
}

const vehicles: Vehicles = { find: async (id) => `vehicle ${id}` }
const down = new Error('down')

/** A service on a manual clock, which can be told to fail. */
function setUp(options: Partial<ServiceProxyOptions<Vehicles>> = {}) {
  const clock = new ManualClock()
  const state = { loads: 0, calls: 0, healthChecks: 0, failing: false, healthy: true }
  const proxy = new ServiceProxy<Vehicles>('vehicles', {
    provider: factoryProvider('vehicles', {
      create: async () => {
        state.loads++
        if (state.failing) throw down
        return {
          find: async (id) => {
            state.calls++
            if (state.failing) throw down
            return vehicles.find(id)
          },
        }
      },
      checkHealth: () => {
        state.healthChecks++
        return state.healthy
      },
    }),
    breaker: plainBreaker,
    clock,
    random: () => 0.5,
    ...options,
  })
  const failOnce = async (): Promise<void> => {
    await expect(proxy.service.find('1')).rejects.toBe(down)
  }
  return { clock, proxy, state, failOnce }
}

async function open({ proxy, state, failOnce }: ReturnType<typeof setUp>): Promise<void> {
  await proxy.get()
  state.failing = true
  for (let failure = 0; failure < 5; failure++) await failOnce()
  expect(proxy.circuitState).toBe('open')
}

describe('the faults of the original', () => {
  test('1. one lock over the whole resolution: 1000 callers of a failing 50 ms service are one attempt, answered together', async () => {
    const clock = new ManualClock()
    let attempts = 0
    const proxy = new ServiceProxy('slow', {
      provider: factoryProvider('slow', {
        create: () => {
          attempts++
          return new Promise((_, reject) => clock.setTimer(() => reject(down), 50))
        },
      }),
      breaker: plainBreaker,
      clock,
    })
    const callers = Promise.allSettled(Array.from({ length: 1000 }, () => proxy.get()))
    await clock.advanceAsync(50)

    const answers = await callers
    expect(attempts).toBe(1)
    expect(answers.every(({ status }) => status === 'rejected')).toBe(true)
    expect(new Set(answers.map((answer) => (answer.status === 'rejected' ? answer.reason : undefined))).size).toBe(1)
    expect(proxy.getMetrics()).toMatchObject({ totalRequests: 1000, failedRequests: 1000, inFlight: 0 })
    expect(proxy.exportCircuit()).toMatchObject({ state: 'closed', failures: 1 })
  })

  test('2. a rejected call counted as a failure: under steady traffic an open circuit still half-opens on time', async () => {
    const service = setUp()
    await open(service)
    for (let second = 0; second < 29; second++) {
      service.clock.advance(1000)
      await expect(service.proxy.service.find('1')).rejects.toBeInstanceOf(CircuitOpenError)
    }
    service.clock.advance(999)
    expect(service.proxy.circuitState).toBe('open')
    service.clock.advance(1)
    expect(service.proxy.circuitState).toBe('half_open')
    expect(service.proxy.getMetrics()).toMatchObject({ failedRequests: 5, rejectedRequests: 29 })
  })

  test('3. half-open admitted everybody: one trial runs, the others are rejected at once', async () => {
    const service = setUp()
    await open(service)
    service.state.failing = false
    service.clock.advance(30_000)
    Object.assign(service.state, { calls: 0, healthChecks: 0 })

    const answers = await Promise.allSettled(Array.from({ length: 50 }, () => service.proxy.service.find('1')))
    expect(service.state).toMatchObject({ healthChecks: 1, calls: 1 })
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const rejections = answers.filter((answer) => answer.status === 'rejected')
    expect(rejections.every(({ reason }) => reason instanceof CircuitOpenError)).toBe(true)
  })

  test('4. a cache hit never counted as a success: the success rate does not fall as the cache works', async () => {
    const { proxy } = setUp()
    for (let request = 0; request < 10; request++) await proxy.get()
    expect(proxy.getMetrics()).toMatchObject({
      totalRequests: 10,
      successfulRequests: 10,
      cacheHits: 9,
      cacheMisses: 1,
      successRate: 100,
      failureRate: 0,
    })
  })

  test('5. a cached instance was never validated again: after the circuit opened it is served when it passed its health check', async () => {
    const service = setUp()
    await open(service)
    service.state.failing = false
    service.state.healthy = false
    service.clock.advance(30_000)
    const checksBefore = service.state.healthChecks
    await expect(service.proxy.get()).rejects.toMatchObject({ code: 'SVCPROXY_UNAVAILABLE' })
    expect(service.state.healthChecks).toBeGreaterThan(checksBefore)
    expect(service.proxy.circuitState).toBe('open')

    service.state.healthy = true
    service.clock.advance(30_000)
    await expect(service.proxy.get()).resolves.toBeDefined()
  })

  test('6. a proxy per request: what handlers are given is the same proxy every time, and its counts add up', async () => {
    const { state } = setUp()
    const manager = new ServiceProxyManager().add('vehicles', {
      provider: factoryProvider('vehicles', {
        create: () => {
          state.loads++
          return vehicles
        },
      }),
    })
    const handler = (): Promise<string> => manager.services.vehicles.find('1')
    await handler()
    await handler()
    expect(state.loads).toBe(1)
    expect(manager.services.vehicles).toBe(manager.services.vehicles)
    expect(manager.getAllMetrics()['vehicles']).toMatchObject({ totalRequests: 2, cacheHits: 1, cacheMisses: 1 })
  })

  test('7. getHealthStatus returned unawaited tasks: it resolves to plain values', async () => {
    const manager = new ServiceProxyManager().add('vehicles', {
      provider: factoryProvider('vehicles', { create: () => vehicles }),
    })
    const status = await manager.getHealthStatus()
    expect(JSON.parse(JSON.stringify(status))).toEqual({
      status: 'pass',
      stopping: false,
      services: { vehicles: { status: 'pass', healthy: true, circuitState: 'disabled', critical: false } },
    })
  })

  test('8. an explicit 0 became the default: with cacheTtlMs 0 nothing is cached', async () => {
    const { proxy, state } = setUp({ cacheTtlMs: 0 })
    await proxy.get()
    await proxy.get()
    await proxy.service.find('1')
    expect(state.loads).toBe(3)
    expect(proxy.getMetrics()).toMatchObject({ cacheHits: 0, cacheMisses: 3 })
  })

  test('9. a second proxy of the same name was only a warning: it is an error, and the first one stays', () => {
    const provider = factoryProvider('vehicles', { create: () => vehicles })
    const manager = new ServiceProxyManager().add('vehicles', { provider })
    const first = manager.getProxy('vehicles')
    // @ts-expect-error a name that is taken does not compile
    expect(() => manager.add('vehicles', { provider })).toThrow(InvalidOptionError)
    expect(() => manager.createProxy('vehicles', { provider })).toThrow(
      'name must be a name that is not taken yet; received "vehicles"',
    )
    expect(manager.getProxy('vehicles')).toBe(first)
  })

  test('10. the wall clock everywhere: a step of it breaks neither expiry nor recovery', async () => {
    const service = setUp({ cacheTtlMs: 60_000, cacheTtlJitterRatio: 0 })
    const checks = async (): Promise<number> => (await service.proxy.get(), service.state.healthChecks)
    expect(await checks()).toBe(1)
    service.clock.stepWall(24 * 3_600_000)
    expect(await checks()).toBe(1)
    service.clock.stepWall(-48 * 3_600_000)
    service.clock.advance(60_000)
    expect(await checks(), 'checked at the end of its TTL').toBe(2)

    await open(service)
    service.clock.stepWall(-3_600_000)
    service.clock.advance(30_000)
    expect(service.proxy.circuitState).toBe('half_open')
  })
})
