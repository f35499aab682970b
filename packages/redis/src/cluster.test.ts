import { fleetStoreContract } from '@svcproxy/testing/fleet'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { aclRule, USER } from '../test/acl-rule.ts'
import { contractHarness } from '../test/contract-harness.ts'
import { opened } from '../test/member.ts'
import { RedisCluster } from '../test/redis-cluster.ts'
import { freePort, HOST, MISSING_REDIS } from '../test/redis-server.ts'
import type { RedisStoreOptions } from './index.ts'

describe.skipIf(MISSING_REDIS !== undefined)(`on a cluster ${MISSING_REDIS ?? ''}`.trim(), () => {
  let cluster: RedisCluster
  let options: RedisStoreOptions
  beforeAll(async () => {
    cluster = await RedisCluster.start('svcproxy:{test}:versions')
    // One of those that are asked is not there.
    const rootNodes = [{ host: HOST, port: await freePort() }, ...cluster.nodes.map(({ node }) => node)]
    options = { cluster: { rootNodes } }
  }, 30_000)
  afterAll(() => cluster[Symbol.asyncDispose]())

  fleetStoreContract('Redis Cluster', async () => contractHarness(options, cluster.masters), {
    longestMs: 5_000,
  })

  test('its keys are in one slot, whose master the store is connected to', async () => {
    const { store, connected } = opened({ ...options, name: 'store' })
    await connected(1)
    await store.invalidate('one', ['desk'])
    await store.report('one', [{ service: 'desk', failures: 5, threshold: 5, recoveryMs: 100 }])
    const keys = await Promise.all(cluster.nodes.map((node) => node.command('KEYS', 'svcproxy:{test}:*')))
    const sizes = keys.map((list) => list.split('\n').filter((key) => key !== '').length)
    // The replica has them, too.
    expect(sizes.filter((size) => size > 0)).toEqual([sizes[0], sizes[0]].map(() => Math.max(...sizes)))
    expect(await cluster.owner.command('CLIENT', 'LIST')).toContain(' name=store ')
  })

  test('the rule in the README suffices', async () => {
    for (const node of cluster.nodes) await node.command(...(await aclRule()))
    const { store, connected } = opened({ ...options, ...USER })
    await connected(1)
    await expect(store.invalidate('one', ['desk'])).resolves.toHaveProperty('epoch')
  })

  test('the master is killed: the store says so, and goes on with the replica and what that has', async () => {
    const [one, two] = [opened(options), opened(options)]
    await Promise.all([one.connected(1), two.connected(1)])
    const { epoch, tokens } = await one.store.invalidate('one', ['files'])
    await cluster.owner.command('WAIT', '1', '1000')
    await cluster.owner.kill()
    await Promise.all([one.connected(2, 15_000), two.connected(2, 15_000)])
    expect(one.told.slice(0, 2)).toEqual(['connected', 'disconnected'])
    const { versions } = await one.store.read()
    expect(versions).toMatchObject({ epoch, tokens })
    two.hints.length = 0
    const next = await one.store.invalidate('one', ['files'])
    expect(next.previous).toEqual(tokens)
    await vi.waitFor(() => expect(two.hints).toMatchObject([{ scope: 'files' }]))
  }, 30_000)
})
