// One process of the shop. Many of them run side by side, here or on other machines.
import type { AddressInfo } from 'node:net'
import { bindServices } from '@svcproxy/express'
import express from 'express'
import { openShop } from './services.ts'

const { manager, fleet } = await openShop()
const services = bindServices(manager)
const app = express()
app.use(services.health())
app.use(services.middleware())
app.get('/prices/:sku', async (req, res) => {
  res.json(await services.from(req).prices.of(req.params.sku))
})
app.delete('/prices', async (_req, res) => {
  res.json(await fleet.invalidate('prices')) // in every process
})
app.post('/payments/:order', async (req, res) => {
  res.json(await services.from(req).payments.pay(req.params.order))
})
app.get('/fleet', (_req, res) => {
  const { state, members } = fleet.status
  res.json({ state, members: members.map(({ label }) => label), payments: manager.getProxy('payments').circuitState })
})
app.use(services.errorHandler())

const server = app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

// Leaves the fleet, too. No load balancer has to hear of it first.
const end = () => services.shutdown(server, { readyDelayMs: 0 })
process.on('SIGTERM', () => void end())
process.on('SIGINT', () => {}) // Ctrl-C is for the process that started this one
process.on('disconnect', () => void end())
process.channel?.unref() // the channel does not keep this process alive
