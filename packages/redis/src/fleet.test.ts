import { setTimeout as wait } from 'node:timers/promises'
import { factoryProvider, ServiceProxyManager } from '@svcproxy/core'
import { joinFleet } from '@svcproxy/fleet'
import { plainBreaker } from '@svcproxy/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { MISSING_REDIS, RedisServer } from '../test/redis-server.ts'
import { redisStore } from './index.ts'

describe.skipIf(MISSING_REDIS !== undefined)(`a fleet over Redis ${MISSING_REDIS ?? ''}`.trim(), () => {
  let server: RedisServer
  beforeAll(async () => void (server = await RedisServer.start()))
  beforeEach(() => server.command('FLUSHALL'))
  afterAll(() => server[Symbol.asyncDispose]())

  /** A process: its manager, its fleet, and how often its service was made. */
  async function member() {
    const counts = { made: 0, asked: 0 }
    const desk = { isDown: false }
    const create = () => {
      counts.made++
      return {
        ask: async () => {
          counts.asked++
          if (desk.isDown) throw new Error('down')
          return 'answer'
        },
      }
    }
    const manager = new ServiceProxyManager({
      breaker: plainBreaker,
      circuit: { failureThreshold: 5, successThreshold: 1, recoveryTimeoutMs: 300 },
      cacheTtlMs: Infinity,
    }).add('desk', { provider: factoryProvider('desk', { create }) })
    const store = redisStore({ url: `redis://127.0.0.1:${server.port}` })
    const fleet = await joinFleet(manager, { store, namespace: 'shop', circuits: ['desk'] })
    onTestFinished(async () => {
      await fleet.leave()
      await manager.stop()
    })
    const ask = () =>
      manager
        .getProxy('desk')
        .service.ask()
        .catch((error: unknown) => (error as Error).name)
    return { counts, desk, manager, fleet, ask }
  }

  test('what one invalidates the other loads anew, within a second', async () => {
    const [one, two] = [await member(), await member()]
    await Promise.all([one.ask(), two.ask()])
    const began = performance.now()
    expect(await one.fleet.invalidate('desk')).toEqual({ local: true, fleet: 'sent' })
    await vi.waitFor(
      async () => {
        await two.ask()
        expect(two.counts.made).toBe(2)
      },
      { timeout: 1_000, interval: 1 },
    )
    expect(performance.now() - began).toBeLessThan(1_000)
    await one.ask()
    expect([one.counts.made, two.counts.made]).toEqual([2, 2])
  })

  test('what is invalidated while Redis is away is known to all when it is back, empty', async () => {
    const [one, two] = [await member(), await member()]
    await Promise.all([one.ask(), two.ask()])
    await server.kill()
    await vi.waitFor(() => expect(one.fleet.status.state).toBe('degraded'))
    expect(await one.fleet.invalidate('desk')).toEqual({ local: true, fleet: 'queued' })
    expect([await one.ask(), await two.ask()]).toEqual(['answer', 'answer'])
    const before = two.counts.made
    await server.start()
    await vi.waitFor(
      async () => {
        await two.ask()
        expect(two.counts.made).toBeGreaterThan(before)
      },
      { timeout: 4_000, interval: 5 },
    )
  })

  test('an invalidation that Redis has forgotten is said again', async () => {
    const [one, two] = [await member(), await member()]
    await server.save()
    await Promise.all([one.ask(), two.ask()])
    await one.fleet.invalidate('desk')
    await server.kill()
    await server.start()
    await server.unsave()
    await vi.waitFor(
      async () => expect(await server.command('HEXISTS', 'svcproxy:{shop}:versions', 's:desk')).toBe('1'),
      { timeout: 4_000, interval: 20 },
    )
    await vi.waitFor(async () => {
      await two.ask()
      expect(two.counts.made).toBeGreaterThanOrEqual(2)
    })
  })

  test('what two see together opens the circuit of both, and one closes it for both', async () => {
    const members = [await member(), await member()] as const
    for (const { desk } of members) desk.isDown = true
    await vi.waitFor(
      async () => {
        await Promise.all(members.map(({ ask }) => ask()))
        expect(members.map(({ manager }) => manager.getProxy('desk').getStatus().circuit?.state)).toEqual([
          'open',
          'open',
        ])
      },
      { timeout: 2_000, interval: 5 },
    )
    for (const { desk } of members) desk.isDown = false
    await wait(300)
    await vi.waitFor(
      async () => {
        await Promise.all(members.map(({ ask }) => ask()))
        expect(members.map(({ manager }) => manager.getProxy('desk').getStatus().circuit?.state)).toEqual([
          'closed',
          'closed',
        ])
      },
      { timeout: 3_000, interval: 10 },
    )
  })
})
