// Does a handler do what it should? A fake in place of the service, typed as the service is.
import { expect, test } from 'vitest'
import { ratesProvider } from '../src/rates.ts'
import { createManager } from '../src/services.ts'
import { startApplication } from './application.ts'

const manager = createManager(ratesProvider('http://127.0.0.1:1')) // where nobody answers

test('a price is the rate times hundred, in whole units', async () => {
  await using application = await startApplication(manager)
  using _rates = manager.override('rates', { of: async (currency) => (currency === 'CHF' ? 0.9449 : 1) })
  expect(await (await application.get('/price/CHF')).json()).toEqual({ price: 94 })
  expect(await (await application.get('/price/EUR')).json()).toEqual({ price: 100 })
})
