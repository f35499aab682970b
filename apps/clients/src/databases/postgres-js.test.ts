import { nativeBreaker } from '@svcproxy/breaker-native'
import { CircuitOpenError, factoryProvider, ServiceProxyManager, ServiceTimeoutError } from '@svcproxy/core'
import connect, { type Sql } from 'postgres'
import { expect, expectTypeOf, test, vi } from 'vitest'
import { OPENS_AT_SECOND_FAILURE } from './circuit.ts'
import { postgresServer } from './postgres-server.ts'
import { stopsWithTheTest } from './stops-with-the-test.ts'

const APPLICATION = 'with postgres.js'
const postgres = postgresServer()

interface User {
  readonly id: number
  readonly email: string
}

function guardedSql() {
  const provider = factoryProvider<Sql>('sql', {
    create: () => connect(postgres.url, { max: 2, connection: { application_name: APPLICATION } }),
    checkHealth: async (sql) => (await sql`select 1`).count === 1,
    dispose: (sql) => sql.end({ timeout: 1 }),
  })
  const breaker = nativeBreaker()
  const manager = stopsWithTheTest(
    new ServiceProxyManager({ breaker }).add('sql', { provider, timeoutMs: 500, circuit: OPENS_AT_SECOND_FAILURE }),
  )
  return { manager, sql: manager.services.sql, proxy: manager.getProxy('sql') }
}

/** A statement that ends with its call. */
function sleep(sql: Sql, { signal }: { readonly signal: AbortSignal }) {
  const query = sql`select pg_sleep(30)`
  signal.addEventListener('abort', () => query.cancel())
  return query
}

test('a tagged template is called as on sql, and its rows have the type that was asked for', async () => {
  const { sql, proxy } = guardedSql()
  const rows = await sql<User[]>`select id, email from users where id = ${2}`
  expectTypeOf(rows[0]!.email).toEqualTypeOf<string>()
  expect([...rows]).toEqual([{ id: 2, email: 'bob@example.org' }])
  expect(await proxy.checkHealth()).toBe(true)
})

test('a transaction is called as on sql, and is rolled back when it throws', async () => {
  const { sql } = guardedSql()
  await expect(
    sql.begin(async (transaction) => {
      await transaction`delete from users where id = 3`
      throw new Error('changed my mind')
    }),
  ).rejects.toThrow('changed my mind')
  const count: number = await sql.begin(
    async (transaction) => (await transaction`delete from users where id = 3`).count,
  )
  expect(count).toBe(1)
  expect(await postgres.emails()).toEqual(['ann@example.org', 'bob@example.org'])
})

test('a server that died opens the circuit; then calls are refused, or answered by their fallback', async () => {
  const { sql, proxy } = guardedSql()
  await sql`select 1`
  await postgres.kill()
  for (const _ of [1, 2]) await expect(sql`select 1`).rejects.toThrow(/ECONNREFUSED|ECONNRESET|CONNECTION_CLOSED/)
  await expect(sql`select 1`).rejects.toThrow(CircuitOpenError)
  const emails = (db: Sql) => db<User[]>`select email from users`.then((rows) => rows.map(({ email }) => email))
  expect(await proxy.call(emails, { fallback: () => ['nobody@example.org'] })).toEqual(['nobody@example.org'])
})

test('in proxy.call the deadline cancels the statement on the server', async () => {
  const { proxy } = guardedSql()
  const call = expect(proxy.call(sleep)).rejects.toThrow(ServiceTimeoutError)
  await postgres.untilAsleep(1)
  await call
  await postgres.untilAsleep(0)
  await vi.waitFor(() => expect(proxy.getMetrics().abandonedCalls).toBe(0))
})

test('a connection is not reserved through the facade: it is given back', async () => {
  const { sql, proxy } = guardedSql()
  await expect(sql.reserve()).rejects.toThrow("'reserve' of service 'sql' checked out a client, which was given back")
  const pids = await proxy.call(async (db) => {
    const connections = await Promise.all([db.reserve(), db.reserve()]) // all that there are
    return Promise.all(connections.map((one) => one`select pg_backend_pid()`.finally(() => one.release())))
  })
  expect(pids).toHaveLength(2)
})

test('a part of a query that the facade made is refused, and nothing is written', async () => {
  const { sql, proxy } = guardedSql()
  await sql`select 1`
  const email = sql.json({ a: 1 })
  await expect(sql`update users set email = ${email} where id = 1`).rejects.toThrow(
    "'$self' of service 'sql' was given a promise as a part of a template; make the parts and the whole inside one call: proxy.call((service) => …)",
  )
  await expect((sql as unknown as (name: string) => Promise<unknown>)('users')).rejects.toThrow(
    "'$self' of service 'sql' returned a builder, which was not run",
  )
  expect(() => sql`select 1`.cursor()).toThrow(
    "returns a plain promise; use the other methods of the client's own promise inside one call",
  )
  expect(await postgres.emails()).toEqual(['ann@example.org', 'bob@example.org', 'cleo@example.org'])
  expect(proxy.getMetrics()).toMatchObject({ failedRequests: 0, rejections: { misuse: 3 } })
})

test('stopped, it has no connection left', async () => {
  const { manager, sql } = guardedSql()
  await sql`select 1`
  expect(await postgres.sessionsOf(APPLICATION)).toBe(1)
  await manager.stop()
  await vi.waitFor(async () => expect(await postgres.sessionsOf(APPLICATION)).toBe(0))
})
