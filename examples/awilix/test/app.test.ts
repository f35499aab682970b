import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { asClass } from 'awilix'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createApp } from '../src/app.ts'
import { createAppContainer } from '../src/container.ts'
import { StockClient } from '../src/stock.ts'

let isDown: boolean
let requests: number
const disposed: StockClient[] = []
let warehouse: Server
let container: ReturnType<typeof createAppContainer>
let application: ReturnType<typeof createApp>
let url: string
let shutDown: () => Promise<void>

beforeEach(async () => {
  isDown = false
  requests = 0
  warehouse = createServer((_request, response) => {
    requests++
    response.writeHead(isDown ? 503 : 200).end('12')
  }).listen(0, '127.0.0.1')
  container = createAppContainer({ warehouseUrl: await addressOf(warehouse) })
  container.register({ stock: asClass(StockClient, { dispose: (it) => void disposed.push(it) }).singleton() })
  application = createApp(container)
  const server = application.app.listen(0, '127.0.0.1')
  url = await addressOf(server)
  shutDown = () => application.services.shutdown(server, { readyDelayMs: 0, timeoutMs: 1_000 })
})

afterEach(async () => {
  await shutDown()
  warehouse.close()
  warehouse.closeAllConnections()
})

async function addressOf(server: Server): Promise<string> {
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const ask = (sku = 'bread') => fetch(`${url}/availability/${sku}`)

test('the handler does what it did, with the service of the container or a guarded one', async () => {
  const before = await container.createScope().cradle.availability.handle('bread')
  expect(before).toEqual({ sku: 'bread', available: true, count: 12 })
  expect(await (await ask()).json()).toEqual(before)
})

test('the service is the one of the container, made once and ended by it', async () => {
  await Promise.all([ask(), ask(), ask()])
  const { stock } = container.cradle
  expect(await application.manager.getProxy('stock').get()).toBe(stock)
  await shutDown()
  expect(disposed).toEqual([])
  await container.dispose()
  expect(disposed).toEqual([stock])
})

test('the warehouse fails and recovers: it is left alone meanwhile, and callers are told when to come back', async () => {
  isDown = true
  const statuses = []
  for (let count = 0; count < 4; count++) statuses.push((await ask()).status)
  expect(statuses).toEqual([500, 500, 500, 503])
  const { status, headers } = await ask()
  expect([status, headers.get('retry-after'), requests]).toEqual([503, '1', 3])
  isDown = false
  await vi.waitFor(async () => expect((await ask()).status).toBe(200), { timeout: 5_000 })
})
