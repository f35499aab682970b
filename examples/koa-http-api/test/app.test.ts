import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createApp } from '../src/app.ts'
import { fails, hangs, ShippingApi, works } from './shipping-api.ts'

let api: ShippingApi
let application: ReturnType<typeof createApp>
let url: string
let shutDown: () => Promise<void>

beforeEach(async () => {
  api = new ShippingApi()
  application = createApp(await api.start())
  application.app.silent = true // Koa prints each error of the server, also a 503
  const server = application.app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  shutDown = () => application.services.shutdown(server, { readyDelayMs: 0, timeoutMs: 1_000 })
})

afterEach(async () => {
  await shutDown()
  api.stop()
})

const track = async (id = '7', signal?: AbortSignal) => fetch(`${url}/parcels/${id}`, { signal: signal ?? null })
const book = async () =>
  fetch(`${url}/parcels`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ address: 'Main Street 1' }),
  })
const shipping = () => application.manager.getProxy('shipping')
/** What the circuit counts. */
const seen = () => shipping().getStatus().circuit?.rates[0]

test('a parcel is booked and tracked', async () => {
  expect((await book()).status).toBe(201)
  expect(await (await track('8')).json()).toEqual({ id: '8', state: 'on its way' })
})

test('an API that fails for a moment is not noticed: a GET is sent again', async () => {
  api.next.push(fails(), fails())
  expect((await track()).status).toBe(200)
  expect(api.requests).toBe(3)
})

test('a POST is sent once, whatever becomes of it', async () => {
  api.next.push(fails())
  expect((await book()).status).toBe(502)
  expect(api.requests).toBe(1)
})

test('a parcel that does not exist is an answer: not sent again, and no failure', async () => {
  expect((await track('unknown')).status).toBe(404)
  expect(api.requests).toBe(1)
  expect(seen()).toMatchObject({ calls: 2, bad: 0 }) // the load and the call
})

test('an API that says when to come back is asked then, or not at all', async () => {
  api.next.push(fails({ 'retry-after': '0' }))
  expect((await track()).status).toBe(200)
  api.next.push(fails({ 'retry-after': '60' }))
  expect((await track()).status).toBe(502) // at once: that is later than this request may take
  expect(api.requests).toBe(3)
})

test('retries add little to an outage: a fifth of the calls, and ten more', async () => {
  api.behaviour = (request, response) => (api.requests % 2 === 1 ? fails() : works)(request, response)
  const answers = []
  for (let count = 0; count < 40; count++) answers.push((await track()).status)
  expect(answers.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 200))
  expect(answers).toContain(502) // no budget was left to try again
  expect(api.requests).toBeLessThanOrEqual(40 + 8 + 10)
})

test('a request is answered in time, whatever the API does, and nothing goes on behind it', async () => {
  api.behaviour = hangs
  const told = once(application.app, 'error')
  expect((await track()).status).toBe(504)
  expect(String(await told)).toContain('did not answer within 1000 ms')
  expect(api.requests).toBe(2) // the second was cut short
  await vi.waitFor(() => expect(api.hungUp).toBe(api.requests))
})

test('when the client goes, its request to the API ends', async () => {
  api.behaviour = hangs
  const client = new AbortController()
  const waiting = expect(track('7', client.signal)).rejects.toThrow('abort')
  await vi.waitFor(() => expect(api.requests).toBe(1))
  client.abort()
  await waiting
  await vi.waitFor(() => expect(api.hungUp).toBe(1))
  expect(shipping().getMetrics().abortedRequests).toBe(1)
  expect(seen()).toMatchObject({ calls: 1, bad: 0 }) // the load; the call says nothing about the API
})

test('the API is down and comes back: it is left alone meanwhile', async () => {
  api.behaviour = fails()
  await vi.waitFor(async () => expect((await track()).status).toBe(503), { timeout: 5_000, interval: 0 })
  const { requests } = api
  const refused = await track()
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
  expect(api.requests).toBe(requests)

  api.behaviour = works
  await vi.waitFor(async () => expect((await track()).status).toBe(200), { timeout: 5_000 })
  expect(shipping().circuitState).toBe('closed')
})
