import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { BackOffice } from '../src/back-office.ts'
import { startMember } from '../src/start-member.ts'
import { freePort, startRedis } from './redis.ts'

/** How long the fleet may take to agree. */
const PATIENCE = { timeout: 10_000, interval: 20 }

const backOffice = new BackOffice()
let address: string
let redis: Awaited<ReturnType<typeof startRedis>>
let members: Awaited<ReturnType<typeof startMember>>[]
/** It waits two seconds for its Redis: the others do not wait for that. */
let alone: ReturnType<typeof startMember>

beforeAll(async () => {
  redis = await startRedis()
  address = await backOffice.start()
  const nowhere = `redis://127.0.0.1:${await freePort()}`
  alone = startMember({ REDIS_URL: nowhere, BACK_OFFICE: address })
  const environment = { REDIS_URL: redis.url, BACK_OFFICE: address, NAMESPACE: `test-${randomUUID()}` }
  members = await Promise.all(['one', 'two', 'three'].map((LABEL) => startMember({ ...environment, LABEL })))
})

afterAll(async () => {
  await Promise.all([...members, await alone].map(({ stop }) => stop()))
  backOffice.stop()
  await redis.stop()
})

beforeEach(() => {
  backOffice.isDown = false
})

type Member = (typeof members)[number]
const priceAt = async ({ url }: Member) =>
  ((await (await fetch(`${url}/prices/bread`)).json()) as { cents: number }).cents
const payAt = async ({ url }: Member) => (await fetch(`${url}/payments/7`, { method: 'POST' })).status
const everywhere = <T>(ask: (member: Member) => Promise<T>) => Promise.all(members.map(ask))

test('what one process invalidates, all processes load anew', async () => {
  expect(await everywhere(priceAt)).toEqual([390, 390, 390])
  backOffice.prices = { ...backOffice.prices, bread: 420 }
  expect(await everywhere(priceAt)).toEqual([390, 390, 390])

  const told = await fetch(`${members[0]?.url}/prices`, { method: 'DELETE' })
  expect(await told.json()).toEqual({ local: true, fleet: 'sent' })
  await vi.waitFor(async () => expect(await everywhere(priceAt)).toEqual([420, 420, 420]), PATIENCE)
})

test('two processes see that the payments are down: the third does not have to find out', async () => {
  const [one, two, three] = members as [Member, Member, Member]
  expect(await everywhere(payAt)).toEqual([200, 200, 200])
  backOffice.isDown = true
  for (const member of [one, two, one, two, one]) expect(await payAt(member)).toBe(500)

  await vi.waitFor(async () => {
    const fleet = (await (await fetch(`${three.url}/fleet`)).json()) as { payments: string }
    expect(fleet.payments).toBe('open')
  }, PATIENCE)
  const { requests } = backOffice
  expect(await everywhere(payAt)).toEqual([503, 503, 503])
  expect(backOffice.requests).toBe(requests)
})

test('when they are back, one process tries, and all go on', async () => {
  await vi.waitFor(async () => expect(await everywhere(payAt)).toEqual([200, 200, 200]), PATIENCE)
})

test('without Redis a process goes on by itself', async () => {
  const member = await alone
  expect([await priceAt(member), await payAt(member)]).toEqual([420, 200])
  const fleet = await fetch(`${member.url}/fleet`)
  expect(await fleet.json()).toEqual({ state: 'degraded', members: [], payments: 'closed' })
})
