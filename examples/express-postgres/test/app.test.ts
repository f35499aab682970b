import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createApp } from '../src/app.ts'
import { TestDatabase } from './database.ts'

let database: TestDatabase
let application: ReturnType<typeof createApp>
let url: string
let shutDown: () => Promise<void>

beforeAll(async () => {
  database = await TestDatabase.start()
  application = createApp(database.url)
  const server = application.app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  shutDown = () => application.services.shutdown(server, { readyDelayMs: 0, timeoutMs: 5_000 })
})

afterAll(async () => {
  await shutDown()
  await database.stop()
})

const list = async (signal?: AbortSignal) => fetch(`${url}/products`, { signal: signal ?? null })
const add = async (name: string, cents: number) =>
  fetch(`${url}/products`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, cents }),
  })
const statusesOf = (responses: readonly Response[]) => responses.map(({ status }) => status)
const circuit = () => application.manager.getProxy('products').circuitState
/** What PostgreSQL works on for the application. */
const statements = () =>
  database.run("select query from pg_stat_activity where state = 'active' and query ~ '^(select id|insert)'")

test('products are listed and added', async () => {
  expect(await (await list()).json()).toMatchObject({ products: [{ name: 'Bread' }, { name: 'Coffee' }] })
  const added = await add('Cheese', 1_200)
  expect([added.status, await added.json()]).toMatchObject([201, { name: 'Cheese', cents: 1_200 }])
})

test('what the caller did wrong opens no circuit, however often', async () => {
  for (let count = 0; count < 5; count++) expect((await add('Bread', 390)).status).toBe(409)
  expect((await add('Butter', -1)).status).toBe(409)
  expect(circuit()).toBe('closed')
})

test('at the deadline the caller is answered, and PostgreSQL stops working on the statement', async () => {
  await using other = await database.connect()
  await other.query('begin; lock table products in access exclusive mode')
  const waiting = add('Dates', 500)
  await vi.waitFor(async () => expect(await statements()).toHaveLength(1))
  expect((await waiting).status).toBe(504)
  await vi.waitFor(async () => expect(await statements()).toEqual([]))
  await other.query('rollback')
  expect((await add('Dates', 500)).status).toBe(201) // it was not added after all
})

test('when the client of a read goes, its statement is stopped, too', async () => {
  await using other = await database.connect()
  await other.query('begin; lock table products in access exclusive mode')
  const client = new AbortController()
  const waiting = expect(list(client.signal)).rejects.toThrow('abort')
  await vi.waitFor(async () => expect(await statements()).toHaveLength(1))
  client.abort()
  await waiting
  await vi.waitFor(async () => expect(await statements()).toEqual([]), { timeout: 2_000 })
  expect(circuit()).toBe('closed')
})

test('the database is killed and comes back: reads go on, writes wait for nobody', async () => {
  const before = await (await list()).json()
  await database.kill()

  const writes = []
  for (let count = 0; count < 4; count++) writes.push(await add('Eggs', 450))
  expect(statusesOf(writes)).toEqual([500, 500, 500, 503]) // three errors of the driver, then the circuit is open
  expect(writes.at(-1)?.headers.get('retry-after')).toBe('1')
  expect(await (await list()).json()).toEqual(before) // with the time at which it was read

  expect((await fetch(`${url}/readyz`)).status).toBe(200) // it still serves reads: no reason to take it away
  expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'warn' })

  await database.start()
  await vi.waitFor(async () => expect((await add('Eggs', 450)).status).toBe(201), { timeout: 5_000 })
  expect(circuit()).toBe('closed')
  expect(await (await list()).json()).not.toEqual(before)
})

test('a shutdown answers what is in flight, and closes the pool', async () => {
  const other = await database.connect()
  await other.query('begin; lock table products in access exclusive mode')
  const waiting = list()
  await vi.waitFor(async () => expect(await statements()).toHaveLength(1))
  const ended = shutDown()
  await other.query('rollback')
  expect((await waiting).status).toBe(200)
  await ended
  await other.end()
  const connections =
    "select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"
  await vi.waitFor(async () => expect(await database.run(connections)).toEqual([]))
})
