import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { ServiceProxyManager } from '@svcproxy/core'
import express from 'express'
import { expect, onTestFinished, test } from 'vitest'
import { bindServices } from './index.ts'

function bind(name: string, attach?: boolean) {
  const provider = { serviceName: name, getService: () => ({ name: () => name }), checkHealth: () => true }
  const manager = new ServiceProxyManager().add('service', { provider })
  onTestFinished(() => manager.stop())
  return bindServices(manager, attach === undefined ? {} : { attach })
}

async function answerOf(app: express.Express): Promise<string> {
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })
  return response.text()
}

test('the services are at req.services for an application that asked for it', async () => {
  const app = express().use(bind('red', true).middleware())
  app.get('/', async (req, res) => {
    const { service } = Reflect.get<object, 'services'>(req, 'services') as { service: { name(): Promise<string> } }
    res.send(await service.name())
  })
  expect(await answerOf(app)).toBe('red')
})

test('nothing is added to the request of an application that did not, and what it put there stays', async () => {
  const app = express()
  app.use((req, _res, next) => {
    Reflect.set(req, 'services', "the application's own")
    next()
  })
  app.use(bind('red').middleware())
  app.get('/', (req, res) => void res.send(Reflect.get(req, 'services')))
  expect(await answerOf(app)).toBe("the application's own")
})

test('two bindings in one application keep their own services', async () => {
  const red = bind('red', true)
  const blue = bind('blue', true)
  const app = express().use(red.middleware(), blue.middleware())
  app.get('/', async (req, res) => {
    res.send(`${await red.from(req).service.name()} ${await blue.from(req).service.name()}`)
  })
  expect(await answerOf(app)).toBe('red blue')
})
