import { createServer, type RequestListener } from 'node:http'
import { connect, createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { CircuitOpenError, ServiceProxyManager } from '@svcproxy/core'
import Koa from 'koa'
import Koa2 from 'koa2'
import { describe, expect, onTestFinished, test } from 'vitest'
import { bindServices, type StateOf } from './index.ts'

function bind(name = 'red') {
  const service = { name: () => name, hang: () => new Promise<never>(() => {}) }
  const provider = { serviceName: name, getService: () => service, checkHealth: () => true }
  const manager = new ServiceProxyManager().add('service', { provider })
  onTestFinished(() => manager.stop({ timeoutMs: 0 }))
  return bindServices(manager)
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}`
}

async function get(app: Pick<Koa, 'callback'>): Promise<Response> {
  const answer = app.callback()
  const listener: RequestListener = (req, res) => void answer(req, res)
  return fetch(await listen(createServer(listener)), { headers: { connection: 'close' } })
}

describe.for([
  ['Koa 3', Koa],
  ['Koa 2', Koa2],
] as const)('%s', ([, App]) => {
  test.for([true, false])('hears of an error of ours once, answered by the error handler: %s', async (isHandled) => {
    const error = new CircuitOpenError('service', 1_000)
    const services = bind()
    const app = new App()
    const heard: unknown[] = []
    app.on('error', (emitted, ctx) => heard.push(emitted, ctx))
    if (isHandled) app.use(services.errorHandler())
    app.use(services.middleware())
    app.use(() => {
      throw error
    })
    const response = await get(app)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('1')
    expect(response.headers.get('content-type')).toMatch(isHandled ? /^application\/problem\+json/ : /^text\/plain/)
    expect(heard).toEqual([error, expect.objectContaining({ path: '/' })])
    expect(heard[0]).toBe(error)
  })

  test('answers an error of ours that was thrown outside the binding', async () => {
    const app = new App()
    app.silent = true
    app.use(() => {
      throw new CircuitOpenError('service', 1_000)
    })
    const response = await get(app)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
  })

  test('has the services of each of its bindings, and at ctx.state those of the last', async () => {
    const [red, blue] = [bind('red'), bind('blue')]
    const app = new App<StateOf<typeof blue>>()
    app.use(red.middleware())
    app.use(blue.middleware())
    app.use(async (ctx) => {
      const names = [red.from(ctx), blue.from(ctx), ctx.state.services].map(({ service }) => service.name())
      ctx.body = (await Promise.all(names)).join(' ')
    })
    expect(await (await get(app)).text()).toBe('red blue blue')
  })

  test('ends a call over HTTP/2 when the client goes, and does not hear of it', async () => {
    const services = bind()
    const app = new App()
    const heard: unknown[] = []
    app.on('error', (error) => heard.push(error))
    app.use(services.errorHandler())
    app.use(services.middleware())
    const client = new AbortController()
    const ended = new Promise<unknown>((resolve) => {
      app.use(async (ctx) => {
        const hanging = services.from(ctx).service.hang()
        client.abort()
        try {
          await hanging
        } catch (error) {
          resolve(error)
          throw error
        }
      })
    })
    const answer = app.callback()
    const session = connect(await listen(createHttp2Server((req, res) => void answer(req, res))))
    onTestFinished(() => session.destroy())
    const stream = session.request({ ':path': '/' }, { signal: client.signal })
    stream.on('error', () => {})
    expect(await ended).toMatchObject({ name: 'AbortError', message: 'The client closed the request' })
    for (let turn = 0; turn < 3; turn++) await nextTurn()
    expect(heard).toEqual([])
  })
})
