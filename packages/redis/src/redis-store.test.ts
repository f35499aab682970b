import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { InvalidOptionError } from '@svcproxy/core'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { aclRule, USER } from '../test/acl-rule.ts'
import { opened } from '../test/member.ts'
import { MISSING_REDIS, RedisServer } from '../test/redis-server.ts'
import { redisStore } from './index.ts'

const NODE = { host: '127.0.0.1', port: 6379 }

describe('options', () => {
  test.each([
    ['options', null],
    ['options', { keyPrefix: 'x' }],
    ['commandTimeoutMs', { commandTimeoutMs: 0 }],
    ['commandTimeoutMs', { commandTimeoutMs: Number.NaN }],
    ['url', { url: 'http://host' }],
    ['url', { url: 'nonsense' }],
    ['options', { url: 'redis://host', cluster: { rootNodes: [NODE] } }],
    ['options', { socket: { host: 'host' }, sentinel: { name: 'x', rootNodes: [NODE] } }],
    ['options', { sentinel: { name: 'x', rootNodes: [NODE] }, cluster: { rootNodes: [NODE] } }],
    ['sentinel', { sentinel: { name: 'x', sentinelRootNodes: [NODE] } }],
    ['sentinel', { sentinel: null }],
    ['sentinel.name', { sentinel: { rootNodes: [NODE] } }],
    ['sentinel.rootNodes', { sentinel: { name: 'x' } }],
    ['cluster.rootNodes', { cluster: { rootNodes: [] } }],
    ['cluster.rootNodes', { cluster: { rootNodes: [{ url: 'redis://host' }] } }],
    ['cluster.rootNodes', { cluster: { rootNodes: [{ ...NODE, port: '6379' }] } }],
    ['database', { cluster: { rootNodes: [NODE] }, database: 1 }],
  ])('%s is checked: %j', (option, options) => {
    expect(() => redisStore(options as never)).toThrow(InvalidOptionError)
    expect(() => redisStore(options as never)).toThrow(option)
  })

  test('an error does not tell the password of a url', () => {
    expect(() => redisStore({ url: 'http://me:secret@host' })).not.toThrow('secret')
  })
})

describe('without Redis', () => {
  test('what is asked rejects at once, with what was tried', async () => {
    const { store, told } = opened({ socket: { host: '127.0.0.1', port: 1 } })
    await wait(100)
    await expect(store.read()).rejects.toMatchObject({ message: 'Redis is not connected', cause: expect.any(Error) })
    expect(told).toEqual([])
  })

  test('a server that accepts and says nothing is given up and tried again; closed, all sockets are gone', async () => {
    const sockets = new Set<Socket>()
    let count = 0
    const server = createServer((socket) => {
      count++
      sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket)))
      socket.resume()
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const { store, told } = opened({ socket: { host: '127.0.0.1', port, connectTimeout: 100 } })
    await vi.waitFor(() => expect(count).toBeGreaterThanOrEqual(6), 3_000)
    await store.close()
    await vi.waitFor(() => expect(sockets.size).toBe(0))
    const atTheEnd = count
    await wait(300)
    expect(count).toBe(atTheEnd)
    expect(told).toEqual([])
  })

  test('one that is closed as soon as it was opened connects no more', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => /TCP|Timeout/.test(kind)).length
    const before = timers()
    const { store } = opened({ socket: { host: '127.0.0.1', port: 1 } })
    await store.close()
    await wait(20)
    expect(timers()).toBeLessThanOrEqual(before)
  })
})

describe.skipIf(MISSING_REDIS !== undefined)(`with Redis ${MISSING_REDIS ?? ''}`.trim(), () => {
  let server: RedisServer
  beforeAll(async () => void (server = await RedisServer.start()))
  beforeEach(() => server.command('FLUSHALL'))
  afterAll(() => server[Symbol.asyncDispose]())
  const options = () => ({ url: `redis://127.0.0.1:${server.port}`, name: 'store' })

  test('killed and restarted empty: one says so once, and all works again in another epoch', async () => {
    const { store, told, connected } = opened(options())
    await connected(1)
    const before = await store.invalidate('one', ['desk'])
    await server.kill()
    await vi.waitFor(() => expect(told).toEqual(['connected', 'disconnected']))
    await expect(store.read()).rejects.toThrow('not connected')
    await wait(300)
    await server.start()
    await connected(2)
    expect(told).toEqual(['connected', 'disconnected', 'connected'])
    expect((await store.read()).versions).toEqual({ epoch: undefined, tokens: {} })
    const after = await store.invalidate('one', ['desk'])
    expect(after.previous).toEqual({})
    expect(after.epoch).not.toBe(before.epoch)
    expect(after.tokens['desk']).not.toBe(before.tokens['desk'])
  })

  test('restarted with older data: nothing that comes after is called as what was lost', async () => {
    const { store, connected } = opened(options())
    await connected(1)
    const first = await store.invalidate('one', ['desk'])
    await server.save()
    const lost = await store.invalidate('one', ['desk'])
    await server.kill()
    await server.start()
    await server.unsave()
    await connected(2)
    expect((await store.read()).versions).toEqual({ epoch: first.epoch, tokens: first.tokens })
    const next = await store.invalidate('one', ['desk'])
    expect(next.previous).toEqual(first.tokens)
    expect(new Set([first, lost, next].map(({ tokens }) => tokens['desk'])).size).toBe(3)
  })

  test('what is pending when it is killed rejects', async () => {
    const { store, connected } = opened(options())
    await connected(1)
    server.freeze()
    const pending = expect(store.read()).rejects.toThrow(Error)
    await server.kill()
    await pending
    await server.start()
  })

  test('frozen: an operation rejects by its deadline; thawed, the store comes back', async () => {
    const { store, told, connected, hints } = opened(options())
    await connected(1)
    server.freeze()
    const asked = performance.now()
    await expect(Promise.all([store.read(), store.invalidate('one', ['desk'])])).rejects.toThrow('within 400 ms')
    const rejectedAfterMs = performance.now() - asked
    expect(rejectedAfterMs).toBeGreaterThan(380)
    expect(rejectedAfterMs).toBeLessThan(1_000)
    expect(told).toEqual(['connected', 'disconnected'])
    server.thaw()
    await connected(2)
    expect(told).toEqual(['connected', 'disconnected', 'connected'])
    // The one before may have been done all the same; nobody who asked knows.
    hints.length = 0
    await store.invalidate('one', ['files'])
    await vi.waitFor(() => expect(hints).toMatchObject([{ scope: 'files' }]))
  })

  test('frozen while nothing is asked: it is noticed', async () => {
    const idle = opened({ ...options(), pingInterval: 100, socket: { socketTimeout: 300 } })
    await idle.connected(1)
    server.freeze()
    await vi.waitFor(() => expect(idle.told).toContain('disconnected'), 2_000)
    server.thaw()
    await idle.connected(2)
  })

  test('connections that somebody kills are made anew, both', async () => {
    const { store, told, connected } = opened(options())
    await connected(1)
    await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await connected(2)
    expect(told).toEqual(['connected', 'disconnected', 'connected'])
    await store.read()
    await vi.waitFor(async () => expect(await connections()).toBe(2))
    await store.close()
    await vi.waitFor(async () => expect(await connections()).toBe(0))
  })

  test('closed, what is pending rejects', async () => {
    const { store, told, connected } = opened(options())
    await connected(1)
    const pending = expect(store.read()).rejects.toThrow('closed')
    await store.close()
    await pending
    expect(told).toEqual(['connected'])
  })

  test('scripts that were flushed are sent again', async () => {
    const { store, connected } = opened(options())
    await connected(1)
    await store.read()
    await server.command('SCRIPT', 'FLUSH')
    await expect(store.read()).resolves.toMatchObject({ circuits: [] })
    await server.command('SCRIPT', 'FLUSH')
    const told = await Promise.all([store.invalidate('one', ['desk']), store.invalidate('one', ['desk'])])
    expect(new Set(told.map(({ tokens }) => tokens['desk'])).size).toBe(2)
  })

  test('a key of another type rejects what needs it, and nothing else', async () => {
    const { store, told, connected } = opened(options())
    await connected(1)
    await server.command('SET', 'svcproxy:{test}:versions', 'text')
    await expect(store.invalidate('one', ['desk'])).rejects.toThrow('Redis rejected the command: WRONGTYPE')
    await store.heartbeat({ id: 'one', label: 'one' }, {}, 1_000)
    const evidence = { service: 'desk', failures: 5, threshold: 5, recoveryMs: 100 }
    expect(await store.report('one', [evidence])).toMatchObject([{ state: 'open' }])
    expect(told).toEqual(['connected'])
  })

  test('what others wrote there is not believed', async () => {
    const { store, connected } = opened(options())
    await connected(1)
    await store.heartbeat({ id: 'one', label: 'one' }, {}, 1_000)
    await server.command('SADD', 'svcproxy:{test}:services', 'desk', 'gone')
    await server.command('HSET', 'svcproxy:{test}:circuit:desk', 'state', 'ajar', 'generation', 'g', 'probesAt', 'x')
    await server.command('HSET', 'svcproxy:{test}:evidence:files', 'two', 'many')
    await server.command('HSET', 'svcproxy:{test}:members', 'two', 'x', 'three', '1:{}')
    await server.command('ZADD', 'svcproxy:{test}:alive', '99999999999999', 'two', '99999999999999', 'three')
    expect((await store.read()).circuits).toEqual([])
    expect(await store.takeProbe('one', 'desk', 100)).toBeUndefined()
    const members = await store.heartbeat({ id: 'one', label: 'one' }, {}, 1_000)
    expect(members).toMatchObject([{ id: 'one', label: 'one', services: {} }])
    const evidence = { service: 'files', failures: 1, threshold: 5, recoveryMs: 100 }
    expect(await store.report('one', [evidence])).toEqual([])
  })

  test('its keys are kept for days, and are in one slot', async () => {
    const { store, connected } = opened(options())
    await connected(1)
    await store.heartbeat({ id: 'one', label: 'one' }, {}, 1_000)
    await store.invalidate('one', ['desk'])
    await store.report('one', [{ service: 'desk', failures: 5, threshold: 5, recoveryMs: 100 }])
    const keys = (await server.command('KEYS', '*')).split('\n').sort()
    expect(keys).toEqual(
      ['alive', 'circuit:desk', 'members', 'services', 'versions'].map((name) => `svcproxy:{test}:${name}`),
    )
    for (const key of keys) expect(Number(await server.command('TTL', key))).toBeGreaterThan(86_400)
  })

  test('the rule in the README suffices', async () => {
    await server.command(...(await aclRule()))
    const { store, connected, hints } = opened({ ...options(), ...USER })
    await connected(1)
    await store.heartbeat({ id: 'one', label: 'one' }, {}, 1_000)
    await store.invalidate('one', ['desk'])
    await store.report('one', [
      { service: 'files', failures: 0, threshold: 5, recoveryMs: 0 },
      { service: 'desk', failures: 5, threshold: 5, recoveryMs: 0 },
    ])
    const lease = await store.takeProbe('one', 'desk', 1_000)
    if (lease === undefined || !('token' in lease)) throw new Error('It is free')
    expect(await store.renewProbe(lease, 1_000)).toBe(true)
    expect(await store.settleProbe(lease, 'succeeded', 0)).toBe(true)
    expect((await store.read()).circuits).toMatchObject([{ service: 'desk', state: 'closed' }])
    await store.leave('one')
    await vi.waitFor(() => expect(hints).toHaveLength(3))
  })

  async function connections(): Promise<number> {
    const clients = (await server.command('CLIENT', 'LIST')).split('\n')
    return clients.filter((line) => line.includes(' name=store ')).length
  }
})
