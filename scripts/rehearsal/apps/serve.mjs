// A server as the README says it, with a service that answers, then hangs: a request is answered, the deadline is a 504, the
// circuit opens and refuses at once with 503, and the shutdown ends the process. `serve.mjs express|koa|fastify native|opossum`
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { factoryProvider, ServiceProxyManager } from '@svcproxy/core'

const [framework, library] = process.argv.slice(2)
const breaker =
  library === 'opossum'
    ? (await import('@svcproxy/breaker-opossum')).opossumBreaker()
    : (await import('@svcproxy/breaker-native')).nativeBreaker()

let hangs = false
const create = () => ({ greet: async (name) => (hangs ? new Promise(() => {}) : `Hello, ${name}`) })
const manager = new ServiceProxyManager({ breaker, timeoutMs: 50 }).add('greeter', {
  provider: factoryProvider('greeter', { create }),
  circuit: { failureThreshold: 2, recoveryTimeoutMs: 60_000 },
})
const { server, shutDown } = await { express: onExpress, koa: onKoa, fastify: onFastify }[framework]()
const base = `http://127.0.0.1:${server.address().port}`
const status = async (path) => (await fetch(base + path)).status

assert.equal(await (await fetch(`${base}/greet/Ada`)).text(), 'Hello, Ada')
assert.equal(await status('/readyz'), 200)
hangs = true
assert.deepEqual([await status('/greet/Ada'), await status('/greet/Ada')], [504, 504])
assert.equal(manager.getProxy('greeter').circuitState, 'open')
const refused = await fetch(`${base}/greet/Ada`)
assert.equal(refused.status, 503)
assert.match(refused.headers.get('retry-after') ?? '', /^\d+$/)
// The calls that hang are waited for that long.
await shutDown({ readyDelayMs: 0, timeoutMs: 500 })
console.log('answered, timed out, opened, shut down')

async function onExpress() {
  const { bindServices } = await import('@svcproxy/express')
  const { default: express } = await import('express')
  const bound = bindServices(manager)
  const app = express()
  app.use(bound.health())
  app.use(bound.middleware())
  app.get('/greet/:name', (req, res, next) => {
    bound
      .from(req)
      .greeter.greet(req.params.name)
      .then((text) => res.send(text), next)
  })
  app.use(bound.errorHandler())
  return listening(bound, app)
}

async function onKoa() {
  const { bindServices } = await import('@svcproxy/koa')
  const { default: Koa } = await import('koa')
  const bound = bindServices(manager)
  const app = new Koa()
  app.use(bound.health())
  app.use(bound.errorHandler())
  app.use(bound.middleware())
  app.use(async (ctx) => {
    ctx.body = await ctx.state.services.greeter.greet(ctx.path.split('/')[2])
  })
  return listening(bound, app)
}

async function onFastify() {
  const { bindServices } = await import('@svcproxy/fastify')
  const { default: fastify } = await import('fastify')
  const bound = bindServices(manager)
  const app = fastify()
  app.register(bound.health())
  app.register(bound.plugin())
  app.setErrorHandler(bound.errorHandler())
  app.get('/greet/:name', (request) => request.services.greeter.greet(request.params.name))
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { server: app.server, shutDown: (options) => bound.shutdown(app, options) }
}

async function listening(bound, app) {
  const listener = app.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  return { server: listener, shutDown: (options) => bound.shutdown(listener, options) }
}
