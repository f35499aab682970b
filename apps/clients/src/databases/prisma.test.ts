import { PrismaPg } from '@prisma/adapter-pg'
import { nativeBreaker } from '@svcproxy/breaker-native'
import { CircuitOpenError, createServiceProxy, factoryProvider, ServiceTimeoutError } from '@svcproxy/core'
import { expect, expectTypeOf, test, vi } from 'vitest'
import { OPENS_AT_SECOND_FAILURE } from './circuit.ts'
import { PrismaClient } from './generated/prisma/client.ts'
import { postgresServer } from './postgres-server.ts'
import { stopsWithTheTest } from './stops-with-the-test.ts'

const APPLICATION = 'with Prisma'
const postgres = postgresServer()

function guardedPrisma() {
  const provider = factoryProvider('prisma', {
    create() {
      const pool = { connectionString: postgres.url, application_name: APPLICATION, max: 2, statement_timeout: 1_000 }
      return new PrismaClient({ adapter: new PrismaPg(pool) })
    },
    checkHealth: async (prisma) => (await prisma.$executeRaw`select 1`) >= 0,
    dispose: (prisma) => prisma.$disconnect(),
  })
  const options = { breaker: nativeBreaker(), timeoutMs: 500, circuit: OPENS_AT_SECOND_FAILURE }
  const proxy = stopsWithTheTest(createServiceProxy({ name: 'prisma', provider, ...options }))
  return { proxy, prisma: proxy.service }
}

test('a model is called as on the client, and what is included is typed', async () => {
  const { prisma, proxy } = guardedPrisma()
  const found = await prisma.user.findMany({
    where: { id: { lte: 2 } },
    include: { posts: true },
    orderBy: { id: 'asc' },
  })
  expectTypeOf(found[0]!.posts[0]!.title).toEqualTypeOf<string>()
  expect(found.map(({ email, posts }) => [email, posts.map(({ title }) => title)])).toEqual([
    ['ann@example.org', ['Hello']],
    ['bob@example.org', []],
  ])
  expect(await prisma.user.count()).toBe(3)
  expect(Object.keys(proxy.getMetrics().latency)).toContain('user.findMany')
  expect(await proxy.checkHealth()).toBe(true)
})

test('SQL of its own is a tagged template, with its values apart', async () => {
  const { prisma } = guardedPrisma()
  const rows = await prisma.$queryRaw<{ email: string }[]>`select email from users where id = ${3}`
  expectTypeOf(rows).toEqualTypeOf<{ email: string }[]>()
  expect(rows).toEqual([{ email: 'cleo@example.org' }])
})

test('a server that died opens the circuit; then calls are refused, or answered by their fallback', async () => {
  const { prisma, proxy } = guardedPrisma()
  await prisma.user.count()
  await postgres.kill()
  for (const _ of [1, 2]) await expect(prisma.user.count()).rejects.toThrow(/prisma|database/i)
  await expect(prisma.user.count()).rejects.toThrow(CircuitOpenError)
  expect(await proxy.call((client) => client.user.count(), { fallback: () => 0 })).toBe(0)
})

test('the statement_timeout of its pool ends what its callers no longer wait for', async () => {
  const { prisma, proxy } = guardedPrisma()
  const call = expect(prisma.$queryRaw`select 1 from pg_sleep(30)`).rejects.toThrow(ServiceTimeoutError)
  await postgres.untilAsleep(1)
  await call
  await postgres.untilAsleep(0)
  await vi.waitFor(() => expect(proxy.getMetrics().abandonedCalls).toBe(0))
})

test('an interactive transaction is rolled back when it throws', async () => {
  const { prisma } = guardedPrisma()
  const undecided = prisma.$transaction(async (transaction) => {
    await transaction.user.delete({ where: { id: 3 } })
    throw new Error('changed my mind')
  })
  await expect(undecided).rejects.toThrow('changed my mind')
  const { id } = await prisma.$transaction(async (transaction) => transaction.user.delete({ where: { id: 3 } }))
  expect(id).toBe(3)
  expect(await postgres.emails()).toEqual(['ann@example.org', 'bob@example.org'])
})

test('a batch is begun in proxy.call: what the facade gives has been sent already', async () => {
  const { prisma, proxy } = guardedPrisma()
  const deleteBob = () => prisma.user.deleteMany({ where: { id: 2 } })
  await expect(prisma.$transaction([deleteBob()])).rejects.toThrow(
    'All elements of the array need to be Prisma Client promises',
  )
  const [{ count }, left] = await proxy.call((client) =>
    client.$transaction([client.user.deleteMany({ where: { id: 3 } }), client.user.findMany()]),
  )
  expect([count, left.length]).toEqual([1, 1])
})

test('stopped, it has no connection left', async () => {
  const { proxy, prisma } = guardedPrisma()
  await prisma.user.count()
  expect(await postgres.sessionsOf(APPLICATION)).toBe(1)
  await proxy.stop()
  await vi.waitFor(async () => expect(await postgres.sessionsOf(APPLICATION)).toBe(0))
})
