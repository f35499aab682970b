import { bindServices } from '@svcproxy/express'
import express from 'express'
import type { Manager } from './services.ts'

export function createApp(manager: Manager) {
  const services = bindServices(manager)
  const app = express()
  app.use(services.health())
  app.use(services.middleware())

  app.get('/price/:currency', async (req, res) => {
    const rate = await services.from(req).rates.of(req.params.currency)
    res.json({ price: Math.round(100 * rate) })
  })

  // Here an old rate is better than none.
  const lastRates = new Map<string, number>()
  app.get('/estimate/:currency', async (req, res) => {
    const { currency } = req.params
    const rate = await manager.getProxy('rates').call((rates) => rates.of(currency), {
      signal: services.signal(req),
      fallback: (error) => {
        const lastRate = lastRates.get(currency)
        if (lastRate === undefined) throw error
        return lastRate
      },
    })
    lastRates.set(currency, rate)
    res.json({ about: Math.round(100 * rate) })
  })

  app.use(services.errorHandler()) // 503 with Retry-After while the circuit is open, 504 at the deadline
  return { app, services }
}
