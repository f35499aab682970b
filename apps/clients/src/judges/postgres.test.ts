import { createServer } from 'node:net'
import { PrismaPg } from '@prisma/adapter-pg'
import { postgresFailure } from '@svcproxy/core'
import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { pgTable, serial, text } from 'drizzle-orm/pg-core'
import knex from 'knex'
import { Pool } from 'pg'
import connect from 'postgres'
import { describe, expect, test } from 'vitest'
import { PrismaClient } from '../databases/generated/prisma/client.ts'
import { postgresServer } from '../databases/postgres-server.ts'
import { listening } from '../http/upstream.ts'
import { circuitAfterFiveCalls, type Caller } from './five-calls.ts'

const postgres = postgresServer()
const STATEMENT_TIMEOUT_MS = 20
const silent = (): void => undefined

interface Client<T> extends Pick<Caller<T>, 'connect' | 'disconnect'> {
  /** That violates a constraint. */
  readonly duplicate: Caller<T>['call']
  /** That asks with an id that is no number. */
  readonly malformed: Caller<T>['call']
  /** That the server has to break off. */
  readonly endless: Caller<T>['call']
}

const circuitAfter = <T extends object>({ connect: open, disconnect, ...calls }: Client<T>) => ({
  circuitAfter: (which: 'duplicate' | 'malformed' | 'endless', url: string) =>
    circuitAfterFiveCalls({ connect: open, disconnect, call: calls[which] }, url, postgresFailure),
})

const pool = (connectionString: string) =>
  new Pool({ connectionString, statement_timeout: STATEMENT_TIMEOUT_MS }).on('error', silent)
const users = pgTable('users', { id: serial().primaryKey(), email: text().notNull() })
const ann = { email: 'ann@example.org' }

const openPrisma = (connectionString: string) =>
  new PrismaClient({ adapter: new PrismaPg({ connectionString, statement_timeout: STATEMENT_TIMEOUT_MS }) })
const prisma = {
  connect: openPrisma,
  disconnect: (client: PrismaClient) => client.$disconnect(),
  duplicate: (client: PrismaClient) => client.user.create({ data: ann }),
  malformed: (client: PrismaClient) => client.user.findUnique({ where: { id: Number('x') } }),
  endless: (client: PrismaClient) => client.$queryRaw`select 1 from pg_sleep(5)`,
}

describe.each([
  [
    'pg',
    circuitAfter({
      connect: pool,
      disconnect: (client) => client.end(),
      duplicate: (client) => client.query('insert into users (email) values ($1)', [ann.email]),
      malformed: (client) => client.query('select from users where id = $1', ['x']),
      endless: (client) => client.query('select pg_sleep(5)'),
    }),
  ],
  [
    'postgres.js',
    circuitAfter({
      connect: (url) => ({
        db: connect(url, {
          backoff: () => 0,
          // It would ask for them in a query of its own, whose time-out nobody hears of.
          fetch_types: false,
          connection: { statement_timeout: STATEMENT_TIMEOUT_MS },
        }),
      }),
      disconnect: ({ db }) => db.end({ timeout: 1 }),
      duplicate: ({ db }) => db`insert into users ${db(ann)}`,
      malformed: ({ db }) => db`select from users where id = ${'x'}`,
      endless: ({ db }) => db`select pg_sleep(5)`,
    }),
  ],
  [
    'drizzle',
    circuitAfter({
      connect: (url) => drizzle({ client: pool(url) }),
      disconnect: (db) => db.$client.end(),
      duplicate: (db) => db.insert(users).values(ann),
      malformed: (db) =>
        db
          .select()
          .from(users)
          .where(sql`${users.id} = ${'x'}`),
      endless: (db) => db.execute(sql`select pg_sleep(5)`),
    }),
  ],
  [
    'knex',
    circuitAfter({
      connect: (connectionString) => ({
        db: knex({
          client: 'pg',
          connection: { connectionString, statement_timeout: STATEMENT_TIMEOUT_MS },
          log: { debug: silent, warn: silent, error: silent, deprecate: silent },
        }),
      }),
      disconnect: ({ db }) => db.destroy(),
      duplicate: ({ db }) => db('users').insert(ann),
      malformed: ({ db }) => db('users').where({ id: 'x' }),
      endless: ({ db }) => db.raw('select pg_sleep(5)'),
    }),
  ],
  ['Prisma', circuitAfter(prisma)],
])('%s, five times', (_client, { circuitAfter: after }) => {
  test('a violated constraint opens no circuit', async () => {
    expect(await after('duplicate', postgres.url)).toBe('closed')
  })

  test('a malformed id opens no circuit', async () => {
    expect(await after('malformed', postgres.url)).toBe('closed')
  })

  test('a statement that ran out of time opens it', async () => {
    expect(await after('endless', postgres.url)).toBe('open')
  })

  test('a refused connection opens it', async () => {
    const nobody = createServer()
    const port = await listening(nobody)
    await new Promise((resolve) => nobody.close(resolve))
    expect(await after('duplicate', `postgres://u:p@127.0.0.1:${port}/db`)).toBe('open')
  })
})

test.each([
  ['a record that is not there', (client: PrismaClient) => client.user.findUniqueOrThrow({ where: { id: 99 } })],
  ['an id out of range', (client: PrismaClient) => client.user.findUnique({ where: { id: 99_999_999_999 } })],
  ['a raw query with a malformed id', (client: PrismaClient) => client.$queryRaw`select ${'x'}::text::integer`],
  ['a text with a zero byte', (client: PrismaClient) => client.user.create({ data: { email: 'a\0' } })],
])('Prisma: %s opens no circuit', async (_what, call) => {
  expect(await circuitAfterFiveCalls({ ...prisma, call }, postgres.url, postgresFailure)).toBe('closed')
})

test('postgres.js: a value that is missing opens no circuit', async () => {
  const missing: { readonly id?: never } = {}
  const asked: Caller<{ db: connect.Sql }> = {
    connect: (url) => ({ db: connect(url) }),
    call: ({ db }) => db`select from users where id = ${missing.id as never}`,
    disconnect: ({ db }) => db.end({ timeout: 1 }),
  }
  expect(await circuitAfterFiveCalls(asked, postgres.url, postgresFailure)).toBe('closed')
})

test('of all the errors that this PostgreSQL knows, these are its own', async () => {
  const admin = new Pool({ connectionString: postgres.url, max: 1 })
  const { rows } = await admin.query<{ list: string }>(
    `select pg_read_file(setting || '/errcodes.txt') as list from pg_config where name = 'SHAREDIR'`,
  )
  await admin.end()
  const codes = [...rows[0]!.list.matchAll(/^([0-9A-Z]{5}) +E /gm)].map(([, code]) => String(code))
  expect(codes.length).toBeGreaterThan(200)
  const failures = codes.filter((code) => postgresFailure(Object.assign(new Error('x'), { code })))
  const classOf = (code: string) => code.slice(0, 2)
  const callers = new Set(codes.filter((code) => !failures.includes(code)).map(classOf))
  const whole = new Set(failures.map(classOf).filter((name) => !callers.has(name)))
  expect([...whole]).toEqual(['03', '08', '28', '3D', '53', '57', '58', 'F0', 'HV', 'XX'])
  expect(failures.filter((code) => !whole.has(classOf(code)))).toEqual(['25006', '25P03', '25P04', '40003'])
})
