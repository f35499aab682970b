import type { AwilixContainer } from 'awilix'
import express from 'express'
import type { Cradle } from './container.ts'
import { guard } from './services.ts'

export function createApp(container: AwilixContainer<Cradle>) {
  const { manager, services, scopeOf } = guard(container)
  const app = express()
  app.use(services.health())
  app.use(services.middleware())

  app.get('/availability/:sku', async (req, res) => {
    const { availability } = scopeOf(req).cradle // it was container.createScope().cradle
    res.json(await availability.handle(req.params.sku))
  })

  app.use(services.errorHandler()) // 503 with Retry-After while the circuit is open, 504 at the deadline
  return { app, manager, services }
}
