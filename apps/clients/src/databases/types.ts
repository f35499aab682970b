// The calls people make on the database clients they have, as the compiler sees them through the facade: results are typed
// without a cast, and what is no guarded call does not compile. Nothing here is run; the tests beside it run the same clients.
import type { FinishBuildersInProxyCall, Guarded, ServiceProxy } from '@svcproxy/core'
import { eq } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import type { Redis } from 'ioredis'
import type { Knex } from 'knex'
import type { Model } from 'mongoose'
import type { Pool, QueryResult } from 'pg'
import QueryStream from 'pg-query-stream'
import type { Sql } from 'postgres'
import type { createClient } from 'redis'
import type { PrismaClient } from './generated/prisma/client.ts'

interface User {
  readonly id: number
  readonly email: string
}

export async function pg(pool: Guarded<Pool>): Promise<QueryResult> {
  const { rows } = await pool.query<User>('select id, email from users where id = $1', [1])
  const emails: string[] = rows.map(({ email }) => email)
  const tuples = await pool.query<[number]>({ text: 'select 1', rowMode: 'array' })
  const one: number | undefined = tuples.rows[0]?.[0]
  // @ts-expect-error -- a value: read it with proxy.call((pool) => pool.totalCount)
  void pool.totalCount
  // @ts-expect-error -- a user has no name
  void rows[0]?.name
  // @ts-expect-error -- values are a list
  await pool.query('select $1', 1)
  return pool.query({ text: 'select $1', values: [emails, one] })
}

export async function pgQueryStream(proxy: ServiceProxy<Pool>): Promise<QueryStream> {
  return proxy.call(async (pool) => {
    const client = await pool.connect()
    return client.query(new QueryStream('select 1')).once('close', () => client.release())
  })
}

export async function knex(db: Guarded<Knex>, proxy: ServiceProxy<Knex>): Promise<string[]> {
  const rows = await proxy.call((k) => k<User>('users').where({ id: 1 }).select('email'))
  const emails: string[] = rows.map(({ email }) => email)
  const version: string = await db.migrate.currentVersion()
  // @ts-expect-error -- only the email was selected
  void rows[0]?.id
  // @ts-expect-error -- there is no such method
  void db.migrate.currentVersions
  return [...emails, version]
}

export async function postgresJs(sql: Guarded<Sql>): Promise<number> {
  const [user] = await sql<User[]>`select id, email from users where id = ${1}`
  const id: number | undefined = user?.id
  const ids: number[] = await sql.begin(async (transaction) => {
    const users = await transaction<User[]>`delete from users returning id`
    return users.map((deleted) => deleted.id)
  })
  await sql.unsafe('select 1')
  // @ts-expect-error -- a user has no name
  void user?.name
  return ids[0] ?? id ?? 0
}

const users = pgTable('users', { id: integer().primaryKey(), email: text().notNull() })
type Db = NodePgDatabase<{ users: typeof users }>

export async function drizzle(db: Guarded<Db>, proxy: ServiceProxy<Db>): Promise<string[]> {
  const rows = await proxy.call((d) => d.select({ email: users.email }).from(users).where(eq(users.id, 1)))
  const user = await proxy.call((d) => d.query.users.findFirst())
  const count: number = await db.transaction(async (transaction) => transaction.$count(users))
  // @ts-expect-error -- only the email was selected
  void rows[0]?.id
  // @ts-expect-error -- begun and finished in proxy.call
  void db.select().from
  return [...rows.map(({ email }) => email), user?.email ?? '', String(count)]
}

export async function prisma(client: Guarded<PrismaClient>): Promise<string[]> {
  const found = await client.user.findMany({ where: { id: 1 }, include: { posts: true } })
  const titles: string[] = found.flatMap(({ posts }) => posts.map(({ title }) => title))
  const raw = await client.$queryRaw<User[]>`select id, email from users`
  const count: number = await client.$transaction(async (transaction) => transaction.user.count())
  // @ts-expect-error -- posts were not included
  void (await client.user.findMany())[0]?.posts
  // @ts-expect-error -- there is no such field
  await client.user.findMany({ where: { name: 'Ann' } })
  return [...titles, ...raw.map(({ email }) => email), String(count)]
}

export async function ioredis(redis: Guarded<Redis>, proxy: ServiceProxy<Redis>): Promise<string | null> {
  const greeting: string | null = await redis.get('greeting')
  const set: 'OK' = await redis.set('greeting', 'hello', 'EX', 60)
  const fields: Record<string, string> = await redis.hgetall('user:1')
  await proxy.call((client) => client.multi().incr('count').exec())
  // @ts-expect-error -- a value
  void redis.status
  // @ts-expect-error -- the value is missing
  await redis.set('greeting')
  return greeting ?? fields[set] ?? null
}

type NodeRedis = ReturnType<typeof createClient>

export async function nodeRedis(redis: Guarded<NodeRedis>, proxy: ServiceProxy<NodeRedis>): Promise<string | null> {
  const greeting: string | null = await redis.get('greeting')
  await redis.set('greeting', 'hello', { expiration: { type: 'EX', value: 60 } })
  await proxy.call((client) => client.multi().incr('count').exec())
  // @ts-expect-error -- a value
  void redis.isReady
  const multi: FinishBuildersInProxyCall = redis.multi
  // @ts-expect-error -- the value is missing
  await redis.set('greeting')
  void multi
  return greeting
}

interface Mongo {
  readonly users: Model<User>
}

export async function mongoose(mongo: Guarded<Mongo>, proxy: ServiceProxy<Mongo>): Promise<string[]> {
  const created = await mongo.users.create({ id: 1, email: 'ann@example.org' })
  const found = await proxy.call((models) => models.users.find({ id: 1 }).lean())
  const emails: string[] = found.map(({ email }) => email)
  // @ts-expect-error -- a user has no name
  void created.name
  // @ts-expect-error -- a value
  void mongo.users.modelName
  return [created.email, ...emails]
}
