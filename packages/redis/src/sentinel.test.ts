import { factoryProvider, ServiceProxyManager } from '@svcproxy/core'
import { joinFleet } from '@svcproxy/fleet'
import { fleetStoreContract } from '@svcproxy/testing/fleet'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { aclRule, USER } from '../test/acl-rule.ts'
import { contractHarness } from '../test/contract-harness.ts'
import { opened } from '../test/member.ts'
import { MASTER, RedisSentinels } from '../test/redis-sentinels.ts'
import { freePort, HOST, MISSING_REDIS } from '../test/redis-server.ts'
import { redisStore } from './index.ts'
import type { RedisStoreOptions } from './index.ts'

describe.skipIf(MISSING_REDIS !== undefined)(`with sentinels ${MISSING_REDIS ?? ''}`.trim(), () => {
  let sentinels: RedisSentinels
  let options: RedisStoreOptions
  beforeAll(async () => {
    sentinels = await RedisSentinels.start()
    // One of those that are asked is not there.
    const rootNodes = [{ host: HOST, port: await freePort() }, sentinels.sentinel.node]
    options = { sentinel: { name: MASTER, rootNodes } }
  }, 30_000)
  afterAll(() => sentinels[Symbol.asyncDispose]())

  fleetStoreContract('Redis Sentinel', async () => contractHarness(options, sentinels.servers.slice(0, 1)), {
    longestMs: 5_000,
  })

  test('a name that they do not know: nothing is connected, and errors say why', async () => {
    const rootNodes = [sentinels.sentinel.node]
    const { store, told } = opened({ sentinel: { name: 'nobody', rootNodes } })
    await vi.waitFor(() =>
      expect(store.read()).rejects.toMatchObject({
        cause: { message: `${HOST}:${sentinels.sentinel.port} does not know where Redis is` },
      }),
    )
    expect(told).toEqual([])
  })

  test('the rule in the README suffices', async () => {
    for (const server of sentinels.servers) await server.command(...(await aclRule()))
    const { store, connected } = opened({ ...options, ...USER })
    await connected(1)
    await expect(store.invalidate('one', ['desk'])).resolves.toHaveProperty('epoch')
  })

  test('the master is killed: stores and processes go on with the replica, and what was invalidated is told there', async () => {
    const { told, connected } = opened(options)
    const [one, two] = [await member(options), await member(options)]
    await connected(1)
    expect([await one.made(), await two.made()]).toEqual([1, 1])
    const master = await sentinels.master(1)
    await master.kill()
    await vi.waitFor(() => expect(told).toEqual(['connected', 'disconnected']))
    await vi.waitFor(() => expect(one.fleet.status.state).toBe('degraded'))
    expect(await one.fleet.invalidate('desk')).toEqual({ local: true, fleet: 'queued' })
    await vi.waitFor(async () => expect(await two.made()).toBe(2), 20_000)
    await connected(2, 20_000)
    expect(await sentinels.master(0)).not.toBe(master)
  }, 60_000)
})

/** A process, and how often it has made its service. */
async function member(options: RedisStoreOptions) {
  let count = 0
  const provider = factoryProvider('desk', { create: () => ({ made: ++count }) })
  const manager = new ServiceProxyManager({ cacheTtlMs: Infinity }).add('desk', { provider })
  const fleet = await joinFleet(manager, { store: redisStore(options), namespace: 'shop', whileDisconnected: 'keep' })
  onTestFinished(async () => {
    await fleet.leave()
    await manager.stop()
  })
  return { fleet, made: async () => (await manager.getProxy('desk').get()).made }
}
