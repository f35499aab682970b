import { opossumBreaker } from '@svcproxy/breaker-opossum'
import { CircuitOpenError, factoryProvider, ServiceProxyManager, ServiceTimeoutError } from '@svcproxy/core'
import { eq, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { pgTable, serial, text } from 'drizzle-orm/pg-core'
import { Pool } from 'pg'
import { expect, expectTypeOf, test, vi } from 'vitest'
import { OPENS_AT_SECOND_FAILURE } from './circuit.ts'
import { postgresServer } from './postgres-server.ts'
import { stopsWithTheTest } from './stops-with-the-test.ts'

const APPLICATION = 'with drizzle'
const postgres = postgresServer()

const users = pgTable('users', { id: serial().primaryKey(), email: text().notNull() })
const noSuchTable = pgTable('no_such_table', { id: serial() })

function open() {
  const pool = new Pool({
    connectionString: postgres.url,
    application_name: APPLICATION,
    max: 2,
    statement_timeout: 1_000,
  })
  pool.on('error', () => undefined)
  return drizzle({ client: pool, schema: { users } })
}
type Db = ReturnType<typeof open>

function guardedDrizzle() {
  const provider = factoryProvider('db', {
    create: open,
    checkHealth: async (db) => (await db.execute('select 1')).rowCount === 1,
    dispose: (db) => db.$client.end(),
  })
  const breaker = opossumBreaker()
  const manager = stopsWithTheTest(
    new ServiceProxyManager({ breaker }).add('db', { provider, timeoutMs: 500, circuit: OPENS_AT_SECOND_FAILURE }),
  )
  return { manager, db: manager.services.db, proxy: manager.getProxy('db') }
}

const emails = (db: Db) => db.select({ email: users.email }).from(users).where(eq(users.id, 1))

test('a whole query in proxy.call has its rows, typed', async () => {
  const { proxy } = guardedDrizzle()
  const rows = await proxy.call(emails)
  expectTypeOf(rows).toEqualTypeOf<{ email: string }[]>()
  expect(rows).toEqual([{ email: 'ann@example.org' }])
  const user = await proxy.call((db) => db.query.users.findFirst({ where: eq(users.id, 2) }))
  expectTypeOf(user).toEqualTypeOf<{ id: number; email: string } | undefined>()
  expect(user).toEqual({ id: 2, email: 'bob@example.org' })
  expect(await proxy.checkHealth()).toBe(true)
})

test('queries that fail open the circuit; then they are refused, or answered by their fallback', async () => {
  const { proxy } = guardedDrizzle()
  for (const _ of [1, 2]) {
    await expect(proxy.call((db) => db.select().from(noSuchTable))).rejects.toThrow('Failed query')
  }
  await expect(proxy.call(emails)).rejects.toThrow(CircuitOpenError)
  expect(await proxy.call(emails, { fallback: () => [] })).toEqual([])
})

test('the statement_timeout of its pool ends what its callers no longer wait for', async () => {
  const { proxy } = guardedDrizzle()
  const call = expect(proxy.call((db) => db.execute(sql`select pg_sleep(30)`))).rejects.toThrow(ServiceTimeoutError)
  await postgres.untilAsleep(1)
  await call
  await postgres.untilAsleep(0)
  await vi.waitFor(() => expect(proxy.getMetrics().abandonedCalls).toBe(0))
})

test('a transaction is called as on drizzle, and is rolled back when it throws', async () => {
  const { db } = guardedDrizzle()
  const undecided = db.transaction(async (transaction) => {
    await transaction.delete(users).where(eq(users.id, 3))
    transaction.rollback()
  })
  await expect(undecided).rejects.toThrow('Rollback')
  const deleted = await db.transaction(async (transaction) =>
    transaction.delete(users).where(eq(users.id, 3)).returning({ id: users.id }),
  )
  expectTypeOf(deleted).toEqualTypeOf<{ id: number }[]>()
  expect(await postgres.emails()).toEqual(['ann@example.org', 'bob@example.org'])
})

test('a builder is refused, not run: a delete that was to have a where deletes nothing', async () => {
  const { db, proxy } = guardedDrizzle()
  await proxy.get()
  const why = (what: string) =>
    `'${what}' of service 'db' returned a builder, which was not run; begin and finish it inside one call: proxy.call((service) => …)`
  await expect(async () => db.delete(users)).rejects.toThrow(why('delete'))
  await expect(async () => db.delete(users).where(eq(users.id, 1))).rejects.toThrow(why('delete'))
  await expect(async () => db.execute(sql`delete from users`)).rejects.toThrow(why('execute'))
  await expect(async () => db.query.users.findMany()).rejects.toThrow(why('query.users.findMany'))
  expect(await postgres.emails()).toHaveLength(3)
})

test('stopped, it has no connection left', async () => {
  const { manager, proxy } = guardedDrizzle()
  await proxy.call(emails)
  expect(await postgres.sessionsOf(APPLICATION)).toBe(1)
  await manager.stop()
  await vi.waitFor(async () => expect(await postgres.sessionsOf(APPLICATION)).toBe(0))
})
