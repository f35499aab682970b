import { opossumBreaker } from '@svcproxy/breaker-opossum'
import { CircuitOpenError, createServiceProxy, factoryProvider, ServiceTimeoutError } from '@svcproxy/core'
import knex, { type Knex } from 'knex'
import { expect, expectTypeOf, test, vi } from 'vitest'
import { OPENS_AT_SECOND_FAILURE } from './circuit.ts'
import { postgresServer } from './postgres-server.ts'
import { stopsWithTheTest } from './stops-with-the-test.ts'

const APPLICATION = 'with knex'
const postgres = postgresServer()

interface User {
  readonly id: number
  readonly email: string
}

function guardedKnex() {
  const provider = factoryProvider<Knex>('db', {
    create: () =>
      knex({
        client: 'pg',
        connection: { connectionString: postgres.url, application_name: APPLICATION },
        pool: { min: 0, max: 2 },
      }),
    checkHealth: async (db) => (await db.raw('select 1')) !== undefined,
    dispose: (db) => db.destroy(),
  })
  const options = { breaker: opossumBreaker(), timeoutMs: 500, circuit: OPENS_AT_SECOND_FAILURE }
  return stopsWithTheTest(createServiceProxy({ name: 'db', provider, ...options }))
}

const allUsers = (db: Knex) => db<User>('users').select('id', 'email').orderBy('id')
const noSuchTable = (db: Knex) => db('no_such_table').select()

test('a whole query in proxy.call has its rows, typed', async () => {
  const proxy = guardedKnex()
  const rows = await proxy.call((db) => db<User>('users').where({ id: 1 }).select('email'))
  expectTypeOf(rows).toEqualTypeOf<Pick<User, 'email'>[]>()
  expect(rows).toEqual([{ email: 'ann@example.org' }])
  expect(await proxy.checkHealth()).toBe(true)
})

test('queries that fail open the circuit; then they are refused, or answered by their fallback', async () => {
  const proxy = guardedKnex()
  for (const _ of [1, 2]) await expect(proxy.call(noSuchTable)).rejects.toThrow('"no_such_table" does not exist')
  await expect(proxy.call(allUsers)).rejects.toThrow(CircuitOpenError)
  expect(await proxy.call(allUsers, { fallback: () => [] })).toEqual([])
})

test('timeout(ms, { cancel: true }) ends the statement on the server', async () => {
  const proxy = guardedKnex()
  const call = expect(
    proxy.call((db) => db.select(db.raw('pg_sleep(30)')).timeout(700, { cancel: true })),
  ).rejects.toThrow(ServiceTimeoutError)
  await postgres.untilAsleep(1)
  await call
  await postgres.untilAsleep(0)
  await vi.waitFor(() => expect(proxy.getMetrics().abandonedCalls).toBe(0))
})

test('a transaction in proxy.call is rolled back when it throws', async () => {
  const proxy = guardedKnex()
  const undecided = proxy.call((db) =>
    db.transaction(async (transaction) => {
      await transaction<User>('users').where({ id: 3 }).delete()
      throw new Error('changed my mind')
    }),
  )
  await expect(undecided).rejects.toThrow('changed my mind')
  const deleteCleo = (transaction: Knex.Transaction) => transaction<User>('users').where({ id: 3 }).delete()
  const count = await proxy.call((db) => db.transaction(deleteCleo))
  expectTypeOf(count).toEqualTypeOf<number>()
  expect(await postgres.emails()).toEqual(['ann@example.org', 'bob@example.org'])
})

test('a transaction through the facade is guarded as a whole; one that would be handed out is rolled back', async () => {
  const proxy = guardedKnex()
  const db = proxy.service
  const deleteCleo = (transaction: Knex.Transaction) => transaction<User>('users').where({ id: 3 }).delete()
  expect(await db.transaction(deleteCleo)).toBe(1)
  const undecided = db.transaction(async (transaction) => {
    await deleteCleo(transaction)
    throw new Error('changed my mind')
  })
  await expect(undecided).rejects.toThrow('changed my mind')
  await expect(db.transaction()).rejects.toThrow(
    "'transaction' of service 'db' began a transaction, which was rolled back",
  )
  expect(await postgres.emails()).toEqual(['ann@example.org', 'bob@example.org'])
})

test('a builder is refused, not run: a delete that was to have a where deletes nothing', async () => {
  const proxy = guardedKnex()
  const db = proxy.service
  await proxy.get()
  const why = (what: string) =>
    `'${what}' of service 'db' returned a builder, which was not run; begin and finish it inside one call: proxy.call((service) => …)`
  await expect(async () => db('users').where({ id: 1 }).delete()).rejects.toThrow(why('$self'))
  await expect(async () => db.from('users').delete()).rejects.toThrow(why('from'))
  await expect(async () => db.raw('delete from users')).rejects.toThrow(why('raw'))
  await expect(async () => db.schema.dropTable('posts')).rejects.toThrow(why('schema.dropTable'))
  expect(await postgres.emails()).toHaveLength(3)
})

test('a builder that is begun before knex is there is not run either', async () => {
  const proxy = guardedKnex()
  await expect(async () => proxy.service('users').where({ id: 1 }).delete()).rejects.toThrow(TypeError)
  await expect(async () => proxy.service.raw('delete from users')).rejects.toThrow(
    'returned a builder, which was not run',
  )
  expect(await postgres.emails()).toHaveLength(3)
})

test('stopped, it has no connection left', async () => {
  const proxy = guardedKnex()
  await proxy.call(allUsers)
  expect(await postgres.sessionsOf(APPLICATION)).toBe(1)
  await proxy.stop()
  await vi.waitFor(async () => expect(await postgres.sessionsOf(APPLICATION)).toBe(0))
})
