// What a new user writes first. No skipLibCheck: the packages' declarations must stand on their own.
import { ServiceProxyManager, factoryProvider } from '@svcproxy/core'
import { dashboard } from '@svcproxy/dashboard'
import { bindServices } from '@svcproxy/express'
import express from 'express'

interface Greeter {
  greet(name: string): Promise<string>
}

const greeter: Greeter = {
  greet: (name) => (name === 'nobody' ? new Promise(() => {}) : Promise.resolve(`Hello, ${name}`)),
}

const manager = new ServiceProxyManager().add('greeter', {
  provider: factoryProvider('greeter', { create: () => greeter }),
  timeoutMs: 200,
})
const services = bindServices(manager)

const app = express()
app.use(services.health())
app.use('/ops/services', services.mount(dashboard({ authorize: () => true })))
app.use(services.middleware())
app.get('/greet/:name', async (req, res) => {
  const { greeter } = services.from(req)
  const text: string = await greeter.greet(req.params.name)
  res.json({ text })
})
app.use(services.errorHandler())

const server = app.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') console.log(`http://127.0.0.1:${address.port}`)
})
process.on('SIGTERM', () => void services.shutdown(server, { readyDelayMs: 0, timeoutMs: 1_000 }))
