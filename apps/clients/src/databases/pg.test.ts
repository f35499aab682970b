import { nativeBreaker } from '@svcproxy/breaker-native'
import { CircuitOpenError, factoryProvider, ServiceProxyManager, ServiceTimeoutError } from '@svcproxy/core'
import { Pool, type PoolClient } from 'pg'
import { expect, expectTypeOf, test, vi } from 'vitest'
import { OPENS_AT_SECOND_FAILURE } from './circuit.ts'
import { postgresServer } from './postgres-server.ts'
import { stopsWithTheTest } from './stops-with-the-test.ts'

const APPLICATION = 'with pg'
const EMAIL_OF = 'select email from users where id = $1'
const postgres = postgresServer()

function guardedPool(statementTimeoutMs?: number) {
  const provider = factoryProvider('db', {
    create() {
      const pool = new Pool({
        connectionString: postgres.url,
        application_name: APPLICATION,
        max: 2,
        statement_timeout: statementTimeoutMs,
      })
      pool.on('error', () => undefined) // without it, an idle connection that breaks ends the process
      return pool
    },
    checkHealth: async (pool) => (await pool.query('select 1')).rowCount === 1,
    dispose: (pool) => pool.end(),
  })
  const breaker = nativeBreaker()
  const manager = stopsWithTheTest(
    new ServiceProxyManager({ breaker }).add('db', { provider, timeoutMs: 500, circuit: OPENS_AT_SECOND_FAILURE }),
  )
  return { manager, db: manager.services.db, proxy: manager.getProxy('db') }
}

/** What a caller does whose statement may take longer than he waits: PostgreSQL is told to stop it. */
async function sleepUntilAborted(pool: Pool, signal: AbortSignal): Promise<void> {
  const client = await pool.connect()
  const ignore = (): void => undefined // the statement rejects, too; without a listener the process would end
  client.on('error', ignore)
  let cancelled: Promise<unknown> | undefined
  const cancel = (): void => {
    cancelled = pool.query('select pg_cancel_backend($1)', [Reflect.get(client, 'processID')])
  }
  signal.addEventListener('abort', cancel)
  try {
    signal.throwIfAborted()
    await client.query('select pg_sleep(30)')
  } finally {
    signal.removeEventListener('abort', cancel)
    await cancelled?.catch(ignore) // before the connection is used again, or the next statement may be the one that is cancelled
    client.off('error', ignore)
    client.release()
  }
}

test('a query is called as on the pool, and its rows have the type that was asked for', async () => {
  const { db } = guardedPool()
  const { rows } = await db.query<{ email: string }>(EMAIL_OF, [1])
  expectTypeOf(rows).toEqualTypeOf<{ email: string }[]>()
  expect(rows).toEqual([{ email: 'ann@example.org' }])
})

test('it is healthy when the server answers, and not when its connections are all that is left of it', async () => {
  const { db, proxy } = guardedPool()
  await db.query('select 1')
  await postgres.freeze()
  expect(await proxy.checkHealth()).toBe(false)
  expect(await proxy.call((pool) => pool.totalCount)).toBe(1)
  await postgres.thaw()
  await vi.waitFor(async () => expect(await proxy.checkHealth()).toBe(true), { timeout: 3_000 })
})

test('a server that died opens the circuit; then calls are refused, or answered by their fallback', async () => {
  const { db, proxy } = guardedPool()
  await db.query('select 1')
  await postgres.kill()
  await expect(db.query('select 1')).rejects.toThrow(/terminat|ECONNREFUSED|ECONNRESET/)
  await expect(db.query('select 1')).rejects.toThrow('ECONNREFUSED')
  await expect(db.query('select 1')).rejects.toThrow(CircuitOpenError)

  const fallback = () => 'nobody@example.org'
  expect(
    await proxy.call(async (pool) => (await pool.query<{ email: string }>(EMAIL_OF, [1])).rows[0]!.email, { fallback }),
  ).toBe('nobody@example.org')
})

test('a deadline alone stops no statement: statement_timeout does', async () => {
  const { db, proxy } = guardedPool(1_300)
  const call = expect(db.query('select pg_sleep(30)')).rejects.toThrow(ServiceTimeoutError)
  await postgres.untilAsleep(1)
  await call
  await postgres.untilAsleep(1)
  expect(proxy.getMetrics().abandonedCalls).toBe(1)
  await postgres.untilAsleep(0)
  await vi.waitFor(() => expect(proxy.getMetrics().abandonedCalls).toBe(0))
})

test('in proxy.call the deadline cancels the statement, and its connection is used again', async () => {
  const { db, proxy } = guardedPool()
  const pids = async () => (await db.query<{ pid: number }>('select pg_backend_pid() as pid')).rows
  const before = await pids()
  const call = expect(proxy.call((pool, { signal }) => sleepUntilAborted(pool, signal))).rejects.toThrow(
    ServiceTimeoutError,
  )
  await postgres.untilAsleep(1)
  await call
  await postgres.untilAsleep(0)
  await vi.waitFor(() => expect(proxy.getMetrics().abandonedCalls).toBe(0))
  expect(await pids()).toEqual(before)
})

test('a caller that gives up before the deadline cancels it, too', async () => {
  const { proxy } = guardedPool()
  const caller = new AbortController()
  const call = expect(
    proxy.call((pool, { signal }) => sleepUntilAborted(pool, signal), { signal: caller.signal }),
  ).rejects.toThrow('gone home')
  await postgres.untilAsleep(1)
  caller.abort(new Error('gone home'))
  await call
  await postgres.untilAsleep(0)
})

test('a client is not checked out through the facade: it is given back, and a transaction runs in proxy.call', async () => {
  const { db, proxy } = guardedPool()
  await expect(db.connect()).rejects.toThrow(
    "'connect' of service 'db' checked out a client, which was given back, because nothing would guard it; " +
      'check it out, use it and release it inside one call: proxy.call((service) => …)',
  )
  expect(await proxy.call((pool) => [pool.totalCount, pool.idleCount])).toEqual([1, 1])

  const renameAll = async (client: PoolClient) => {
    await client.query('begin')
    await client.query("update users set email = 'x' || id")
    await client.query('rollback')
  }
  await proxy.call(async (pool) => {
    const client = await pool.connect()
    return renameAll(client).finally(() => client.release())
  })
  expect(await postgres.emails()).toEqual(['ann@example.org', 'bob@example.org', 'cleo@example.org'])
})

test('a property has no value on the facade', async () => {
  const { db, proxy } = guardedPool()
  await db.query('select 1')
  expect(() => Number(Reflect.get(db, 'totalCount'))).toThrow(
    "'totalCount' of the guarded service 'db' has no value; read a property with proxy.call((service) => service.totalCount)",
  )
  expect(await proxy.call((pool) => pool.totalCount)).toBe(1)
})

test('stopped, it has no connection left', async () => {
  const { manager, db } = guardedPool()
  await Promise.all([db.query('select 1'), db.query('select 1')])
  expect(await postgres.sessionsOf(APPLICATION)).toBe(2)
  await manager.stop()
  await vi.waitFor(async () => expect(await postgres.sessionsOf(APPLICATION)).toBe(0))
})
