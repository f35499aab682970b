// What do clients get while the service is down? A service that fails when it is told to, and the application over HTTP.
import { factoryProvider } from '@svcproxy/core'
import { fails, type FaultyService, faultyService, hangs, succeeds } from '@svcproxy/testing'
import { beforeEach, expect, test } from 'vitest'
import type { Rates } from '../src/rates.ts'
import { createManager, type Manager } from '../src/services.ts'
import { startApplication } from './application.ts'

let service: FaultyService
let manager: Manager

beforeEach(() => {
  service = faultyService({ behaviour: succeeds(0.94) })
  const create = (): Rates => ({ of: async () => Number(await service.call()) })
  manager = createManager(factoryProvider('rates', { create }), { retry: { backoffInitialMs: 0 } })
})

test('a failure that is over at once is not noticed', async () => {
  await using application = await startApplication(manager)
  service.next(fails())
  expect((await application.get('/price/CHF')).status).toBe(200)
  expect(service.calls).toBe(2)
})

test('in an outage prices are refused, at once and with the time to come back', async () => {
  await using application = await startApplication(manager)
  service.die()
  const statuses = []
  for (let count = 0; count < 3; count++) statuses.push((await application.get('/price/CHF')).status)
  expect(statuses).toEqual([500, 500, 503]) // two attempts each, then the circuit is open
  const refused = await application.get('/price/CHF')
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '30'])
  expect(await refused.json()).toMatchObject({ code: 'SVCPROXY_CIRCUIT_OPEN' })
  expect(service.calls).toBe(4)
})

test('an estimate goes on with the last rate, if there is one', async () => {
  await using application = await startApplication(manager)
  expect(await (await application.get('/estimate/CHF')).json()).toEqual({ about: 94 })
  service.die()
  expect(await (await application.get('/estimate/CHF')).json()).toEqual({ about: 94 })
  expect((await application.get('/estimate/JPY')).status).toBe(500)
})

test('an error of the caller is passed on, and is no outage', async () => {
  await using application = await startApplication(manager)
  service.behave(fails(new Error('no such currency', { cause: { status: 404 } })))
  for (let count = 0; count < 10; count++) expect((await application.get('/price/XXX')).status).toBe(500)
  expect(service.calls).toBe(10) // nor is it tried again
  expect(manager.getProxy('rates').circuitState).toBe('closed')
})

test('a service that hangs is answered for at the deadline', async () => {
  await using application = await startApplication(manager)
  service.behave(hangs())
  expect((await application.get('/estimate/JPY')).status).toBe(504)
})
