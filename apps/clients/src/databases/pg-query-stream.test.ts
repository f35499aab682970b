import { finished, PassThrough, pipeline, type Readable } from 'node:stream'
import { opossumBreaker } from '@svcproxy/breaker-opossum'
import { createServiceProxy, factoryProvider } from '@svcproxy/core'
import { Pool, type PoolClient } from 'pg'
import QueryStream from 'pg-query-stream'
import { expect, test, vi } from 'vitest'
import { postgresServer } from './postgres-server.ts'
import { stopsWithTheTest } from './stops-with-the-test.ts'

const APPLICATION = 'with pg-query-stream'
const DEADLINE_MS = 500
const postgres = postgresServer()

interface Numbered {
  readonly n: number
}

function guardedPool() {
  const state = { isDisposed: false }
  const provider = factoryProvider('db', {
    create() {
      const pool = new Pool({ connectionString: postgres.url, application_name: APPLICATION, max: 2 })
      pool.on('error', () => undefined)
      return pool
    },
    checkHealth: async (pool) => (await pool.query('select 1')).rowCount === 1,
    async dispose(pool) {
      state.isDisposed = true
      await pool.end()
    },
  })
  const proxy = stopsWithTheTest(
    createServiceProxy({ name: 'db', provider, breaker: opossumBreaker(), timeoutMs: DEADLINE_MS, disposeGraceMs: 50 }),
  )
  return { proxy, state }
}

/** The rows of a query. Their client is given back when they were read, or nobody reads on, or its connection is lost. */
function rowsOf(client: PoolClient, query: QueryStream): Readable {
  // One of its own: pg-query-stream's does not end with its connection, but waits for an answer.
  const rows = new PassThrough({ objectMode: true })
  let lost: Error | undefined
  const lose = (error: Error): void => {
    lost = error
    rows.destroy(error)
  }
  client.on('error', lose) // while it is checked out the pool does not listen, and without a listener the process would end
  pipeline(client.query(query), rows, () => undefined)
  finished(rows, () => {
    client.off('error', lose)
    client.release(lost)
  })
  return rows
}

async function numbers(pool: Pool, last: number): Promise<AsyncIterable<Numbered> & Readable> {
  const client = await pool.connect()
  return rowsOf(client, new QueryStream('select generate_series(1, $1::integer) as n', [last], { batchSize: 100 }))
}

const poolIsFree = (pool: Pool): boolean => pool.totalCount === pool.idleCount

test('a stream of rows is read to its end, longer than the deadline and the pool that was replaced meanwhile', async () => {
  const { proxy, state } = guardedPool()
  const rows = await proxy.call((pool) => numbers(pool, 1_000))
  const calledAt = performance.now()
  const isPastDeadline = (): boolean => performance.now() > calledAt + DEADLINE_MS
  proxy.invalidateCache()
  const read: number[] = []
  let wasDisposed = false
  for await (const { n } of rows) {
    wasDisposed ||= state.isDisposed
    if (read.push(n) === 100) await vi.waitUntil(isPastDeadline)
  }
  expect(read).toHaveLength(1_000)
  expect(wasDisposed).toBe(false)
  await vi.waitFor(() => expect(state.isDisposed).toBe(true))
  await vi.waitFor(async () => expect(await postgres.sessionsOf(APPLICATION)).toBe(0))
})

test('a reader that leaves early gives the client back', async () => {
  const { proxy } = guardedPool()
  for await (const { n } of await proxy.call((pool) => numbers(pool, 100_000))) if (n === 3) break
  await vi.waitFor(async () => expect(await proxy.call(poolIsFree)).toBe(true))
})

test('an error in the middle of the rows reaches the reader, and the client is given back', async () => {
  const { proxy } = guardedPool()
  const failing = new QueryStream('select 1 / (3 - n) from generate_series(1, 5) as n', [], { batchSize: 1 })
  const rows = await proxy.call(async (pool) => rowsOf(await pool.connect(), failing))
  await expect(readAll(rows)).rejects.toThrow('division by zero')
  await vi.waitFor(async () => expect(await proxy.call(poolIsFree)).toBe(true))
})

test('a server that died in the middle of the rows is told to the reader, and ends no process', async () => {
  const { proxy } = guardedPool()
  const rows = await proxy.call((pool) => numbers(pool, 100_000))
  const reading = readAll(rows, (count) => (count === 500 ? postgres.kill() : undefined))
  await expect(reading).rejects.toThrow(/terminat|ECONNRESET|EPIPE/)
  expect(await proxy.call((pool) => pool.totalCount)).toBe(0)
})

/** @param atEach waited for at each row */
async function readAll(rows: AsyncIterable<unknown>, atEach?: (count: number) => unknown): Promise<void> {
  let count = 0
  for await (const _ of rows) await atEach?.(++count)
}
