import { factoryProvider, ServiceProxy } from '@svcproxy/core'
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Database } from './database.ts'
import { connectDatabase, noTraffic, placeOf } from './database.ts'
import { EmbeddedPostgres } from './embedded-postgres.ts'
import { processFamily } from '../processes/processes.ts'

/** How long it may take to make a database, or to start one again. */
const PATIENCE_MS = 60_000
const traffic = noTraffic()
let postgres: EmbeddedPostgres
let database: Database

beforeAll(async () => {
  postgres = await EmbeddedPostgres.start()
  database = await connectDatabase({ url: postgres.url, traffic, maxConnections: 2 })
}, PATIENCE_MS)
afterAll(async () => {
  await database.end()
  await postgres[Symbol.asyncDispose]()
}, PATIENCE_MS)

const sleeping = (of = database): Promise<{ pid: number }[]> =>
  of.query("select pid from pg_stat_activity where state = 'active' and query like 'select pg_sleep(7)%'")
const count = async (): Promise<unknown> => database.query('select count(*)::integer from svcproxy_demo.vehicles')

test('it is PostgreSQL, in a process of its own', async () => {
  const [row] = await database.query<{ version: string }>('select version()')
  expect(row?.version).toMatch(/^PostgreSQL 18\./)
  expect(processFamily(postgres.pid!).length).toBeGreaterThan(1)
})

test('tables and first rows are there once, however many set them up at once', async () => {
  const others = await Promise.all([1, 2, 3, 4].map(() => connectDatabase({ url: postgres.url, traffic })))
  await Promise.all(others.map((other) => other.end()))
  expect(await count()).toEqual([{ count: 12 }])
})

test('connections attempted and queries sent are counted', async () => {
  const before = { ...traffic }
  await database.query('select 1')
  expect(traffic).toEqual({ ...before, queries: before.queries + 1 })
  await count()
  expect(traffic).toEqual({ ...before, queries: before.queries + 2, reads: before.reads + 1 })
})

test('all connections busy: unwell, without asking', async () => {
  const busy = [1, 2].map(() => database.query('select pg_sleep(0.2)'))
  const before = { ...traffic }
  expect(await database.isHealthy()).toBe(false)
  expect(traffic.queries - before.queries).toBeLessThanOrEqual(2) // those two
  await Promise.all(busy)
  expect(await database.isHealthy()).toBe(true)
})

test('a statement that nobody waits for any more is stopped, and its connection is used again', async () => {
  const proxy = new ServiceProxy('database', {
    provider: factoryProvider('database', { create: () => database, dispose: () => undefined }),
    timeoutMs: 150,
  })
  const calls = [1, 2].map(() => proxy.service.query('select pg_sleep(7)'))
  expect((await Promise.allSettled(calls)).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await vi.waitFor(async () => expect(await sleeping()).toEqual([]))
  const before = traffic.connections
  expect(await count()).toEqual([{ count: 12 }])
  expect(traffic.connections).toBe(before)
  await vi.waitFor(() => expect(proxy.getMetrics().abandonedCalls).toBe(0))
})

test(
  'killed, all of it is gone; started again, it has its data',
  async () => {
    await count()
    const family = processFamily(postgres.pid!)
    await postgres.kill()
    expect(family.filter((pid) => existsSync(`/proc/${pid}/exe`))).toEqual([])

    // Until the pool has noticed, it may still try a connection that is dead already.
    await vi.waitFor(() => expect(database.isHealthy()).rejects.toThrow('ECONNREFUSED'))
    const before = { ...traffic }
    await expect(database.isHealthy()).rejects.toThrow('ECONNREFUSED')
    expect(traffic).toEqual({ ...before, connections: before.connections + 1, failed: before.failed + 1 })

    await postgres.start()
    expect(await count()).toEqual([{ count: 12 }])
  },
  PATIENCE_MS,
)

test(
  'a connection that breaks without a word rejects its statement, and ends no process',
  async () => {
    // One of its own: PostgreSQL ends all connections when one of its processes was killed, each at its time.
    await using another = await EmbeddedPostgres.start()
    const broken = await connectDatabase({ url: another.url, traffic, maxConnections: 2 })
    const statement = expect(broken.query('select pg_sleep(7)')).rejects.toThrow('Connection terminated unexpectedly')
    await vi.waitFor(async () => expect(await sleeping(broken)).toHaveLength(1))
    const [sleeper] = await sleeping(broken)
    process.kill(sleeper!.pid, 'SIGKILL')
    await statement
    await vi.waitFor(() => broken.query('select 1'), PATIENCE_MS)
    await broken.end()
  },
  PATIENCE_MS,
)

test('frozen it answers nobody, thawed it answers what it was asked', async () => {
  await count()
  await postgres.freeze()
  const answer = count()
  const first = await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 300, 'nothing'))])
  expect(first).toBe('nothing')
  await postgres.thaw()
  expect(await answer).toEqual([{ count: 12 }])
})

test('whoever gives up connecting hangs up', async () => {
  await postgres.freeze()
  const controller = new AbortController()
  const before = traffic.connections
  const connecting = connectDatabase({ url: postgres.url, traffic }, controller.signal)
  await vi.waitFor(() => expect(traffic.connections).toBe(before + 1))
  controller.abort()
  await expect(connecting).rejects.toThrow('terminated')
  await postgres.thaw()
})

test(
  'disposed, its processes are gone',
  async () => {
    const another = await EmbeddedPostgres.start()
    const family = processFamily(another.pid!)
    await another[Symbol.asyncDispose]()
    expect(family.length).toBeGreaterThan(1)
    expect(family.filter((pid) => existsSync(`/proc/${pid}/exe`))).toEqual([])
    expect(another.pid).toBeUndefined()
  },
  PATIENCE_MS,
)

test('where a database is says nothing of the password', () => {
  expect(placeOf('postgresql://me:secret@db.example:6543/cars')).toBe('db.example:6543')
  expect(placeOf('postgres://db.example/cars')).toBe('db.example:5432')
  expect(() => placeOf('secret')).toThrow(/DATABASE_URL must be a URL like/)
})
