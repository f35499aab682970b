import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { CircuitOpenError, ServiceProxyManager } from '@svcproxy/core'
import fastify, { type FastifyInstance, type FastifyPluginAsync } from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { bindServices } from './index.ts'

function bind(name = 'red', options = {}) {
  let answer = (): void => {}
  const service = {
    name: () => name,
    hang: () => new Promise<never>(() => {}),
    wait: () => new Promise<string>((resolve) => (answer = () => resolve(name))),
  }
  const provider = { serviceName: name, getService: () => service, checkHealth: () => true }
  const manager = new ServiceProxyManager().add('service', { provider, timeoutMs: 60_000 })
  onTestFinished(() => manager.stop({ timeoutMs: 0 }))
  return { manager, services: bindServices(manager, options), answer: () => answer() }
}

/** Routes in an instance of their own. */
function routes(register: (instance: FastifyInstance) => void): FastifyPluginAsync {
  return async (instance) => register(instance)
}

const failing = routes((instance) => {
  instance.get('/', () => {
    throw new CircuitOpenError('service', 1_000)
  })
})

function decorated(request: object, name: string): unknown {
  return Reflect.get(request, name)
}

async function listen(app: {
  listen(options: object): Promise<string>
  close(): PromiseLike<unknown>
}): Promise<string> {
  onTestFinished(() => void app.close())
  return app.listen({ port: 0, host: '127.0.0.1' })
}

test('the services are of the instance where they were registered, and of those below it', async () => {
  const { services } = bind()
  const app = fastify()
  const echo = routes((instance) =>
    instance.get('/name', async (request) => {
      const { service } = services.from(request)
      return `${await service.name()} ${decorated(request, 'services') === services.from(request)}`
    }),
  )
  app.register(echo, { prefix: '/before' })
  app.register(
    routes((bound) => {
      bound.register(services.plugin())
      bound.register(echo, { prefix: '/below' })
      bound.register(echo)
    }),
    { prefix: '/bound' },
  )
  app.get('/beside', async (request) => services.from(request).service.name())
  expect((await app.inject('/bound/name')).body).toBe('red true')
  expect((await app.inject('/bound/below/name')).body).toBe('red true')
  expect((await app.inject('/before/name')).statusCode).toBe(500)
  expect((await app.inject('/beside')).json()).toMatchObject({
    message: expect.stringContaining('app.register(services.plugin())') as string,
  })
})

test('two managers on one instance have a name each, or Fastify says that it is taken', async () => {
  const [red, blue] = [bind('red').services, bind('blue').services]
  const app = fastify()
  app.register(red.plugin())
  app.register(blue.plugin({ decorator: 'blue' }))
  app.get('/', async (request) => {
    const bound = [red, blue].map((services) => services.from(request))
    const isDecorated = decorated(request, 'services') === bound[0] && decorated(request, 'blue') === bound[1]
    return [...(await Promise.all(bound.map(({ service }) => service.name()))), isDecorated].join(' ')
  })
  expect((await app.inject('/')).body).toBe('red blue true')

  const twice = fastify()
  twice.register(red.plugin())
  twice.register(blue.plugin())
  await expect(twice.ready()).rejects.toMatchObject({ code: 'FST_ERR_DEC_ALREADY_PRESENT' })
})

test('an error of ours has its status and Retry-After from Fastify itself, too', async () => {
  const app = fastify()
  app.register(failing)
  const { statusCode, headers } = await app.inject('/')
  expect([statusCode, headers['retry-after']]).toEqual([503, '1'])
})

test('the error handler nearest to a route is asked first, and what it does not answer goes on as it is', async () => {
  const { services } = bind()
  const app = fastify()
  const heard: unknown[] = []
  app.setErrorHandler((error, _request, reply) => {
    heard.push(error)
    return reply.code(418).send()
  })
  app.register(failing, { prefix: '/outside' })
  const thrown = [new Error('a bug'), 'a string', 0, null]
  app.register(
    routes((inside) => {
      inside.setErrorHandler(services.errorHandler())
      inside.register(failing)
      for (const [index, error] of thrown.entries()) {
        inside.get(`/${index}`, () => {
          throw error
        })
      }
      inside.get('/invalid', { schema: { querystring: { type: 'object', required: ['id'] } } }, () => '')
    }),
    { prefix: '/inside' },
  )
  const problem = await app.inject('/inside?token=secret')
  expect(problem.statusCode).toBe(503)
  expect(problem.headers['content-type']).toBe('application/problem+json')
  expect(problem.json()).toMatchObject({ code: 'SVCPROXY_CIRCUIT_OPEN', instance: '/inside' })
  expect(heard).toEqual([])
  expect((await app.inject('/outside')).statusCode).toBe(418)
  for (const index of thrown.keys()) expect((await app.inject(`/inside/${index}`)).statusCode).toBe(418)
  expect((await app.inject('/inside/invalid')).statusCode).toBe(418)
  const rejectedWithNothing = { message: 'A handler rejected without an error' }
  expect(heard).toMatchObject([
    { name: 'CircuitOpenError' },
    { message: 'a bug' },
    'a string',
    0,
    rejectedWithNothing,
    { code: 'FST_ERR_VALIDATION' },
  ])
  expect(heard[1]).toBe(thrown[0])
})

test('a problem passes the hooks of the application, and has no body for HEAD', async () => {
  const { services } = bind()
  const app = fastify()
  app.setErrorHandler(services.errorHandler())
  app.addHook('onSend', async (_request, reply) => void reply.header('x-hooked', 'yes'))
  app.register(failing)
  expect((await app.inject('/')).headers).toMatchObject({ 'x-hooked': 'yes', 'retry-after': '1' })
  const head = await app.inject({ url: '/', method: 'HEAD' })
  expect([head.statusCode, head.body, head.headers['x-hooked']]).toEqual([503, '', 'yes'])
})

test('current() works in hooks and handlers, also when a hook has waited for the body', async () => {
  const { services } = bind('red', { asyncContext: true })
  const app = fastify()
  const seen: string[] = []
  const note = async () => void seen.push(await services.current().service.name())
  app.register(services.plugin())
  const waiting = new Promise<void>((resolve) => {
    app.register(
      routes((instance) => {
        for (const hook of ['onRequest', 'preValidation', 'preHandler'] as const) instance.addHook(hook, note)
        instance.addHook('preParsing', (_request, _reply, payload, done) => {
          payload.once('readable', () => done(null, payload))
          resolve()
        })
        instance.post('/', async (request) => {
          await note()
          return request.body
        })
      }),
    )
  })
  const sent = request(await listen(app), { method: 'POST', headers: { 'content-type': 'application/json' } })
  sent.flushHeaders()
  await waiting
  sent.end('{"late":true}')
  const [response] = (await once(sent, 'response')) as [Readable]
  expect(await text(response)).toBe('{"late":true}')
  expect(seen).toEqual(['red', 'red', 'red', 'red'])
})

test('an endpoint reads its own body, whatever parsers, parameters and error handlers the application has', async () => {
  const { services } = bind()
  const app = fastify({ bodyLimit: 4 })
  const parsed: unknown[] = []
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    parsed.push(body)
    done(null, body)
  })
  app.register(
    services.mount(() => async ({ path, target = '', query = '', readBody }) => {
      return { status: 200, headers: {}, body: [path, target, query, await readBody?.(100)].join(' ') }
    }),
    { prefix: '/:tenant/ops' },
  )
  for (const type of ['application/json', 'text/csv', 'application/x-www-form-urlencoded']) {
    const headers = { 'content-type': type }
    const { body } = await app.inject({ method: 'POST', url: '/a%2Fb/ops/c%2Fd?x=%20', headers, payload: '{broken' })
    expect(body).toBe('/c%2Fd /a%2Fb/ops/c%2Fd x=%20 {broken')
  }
  expect(parsed).toEqual([])
})

test('what an endpoint does not answer is not found, as the application says it', async () => {
  const { services } = bind()
  const app = fastify()
  app.setNotFoundHandler((_request, reply) => reply.code(404).send('nothing here'))
  app.register(services.management({ basePath: '/v1', authorize: () => true }), { prefix: '/ops' })
  const answered = Promise.resolve({ status: 200, headers: {}, body: 'mounted' })
  app.register(
    services.mount(
      () =>
        ({ path }) =>
          path === '/' ? answered : undefined,
    ),
    { prefix: '/mounted' },
  )
  expect((await app.inject('/ops/v1/api/snapshot')).statusCode).toBe(200)
  expect((await app.inject('/mounted')).body).toBe('mounted')
  for (const url of ['/ops/v1', '/ops/api/snapshot', '/mounted/x']) {
    expect((await app.inject(url)).body).toBe('nothing here')
  }
})

test('a reply that was hijacked is still watched: its calls end with the client', async () => {
  const { services } = bind()
  const app = fastify()
  const client = new AbortController()
  app.register(services.plugin())
  const ended = new Promise<unknown>((resolve) => {
    app.get('/', async (request, reply) => {
      reply.hijack()
      reply.raw.write('part')
      const hanging = services.from(request).service.hang()
      client.abort()
      await hanging.catch(resolve)
    })
  })
  await expect(fetch(await listen(app), { signal: client.signal })).rejects.toThrow('aborted')
  expect(await ended).toMatchObject({ name: 'AbortError' })
})

test('a call over HTTP/2 ends when the client goes, and the application does not hear of it', async () => {
  const { services } = bind()
  const app = fastify({ http2: true })
  const heard: unknown[] = []
  app.setErrorHandler((error) => void heard.push(error))
  app.register(services.plugin())
  const client = new AbortController()
  const ended = new Promise<unknown>((resolve) => {
    app.register(async (instance) => {
      instance.setErrorHandler(services.errorHandler())
      instance.get('/', async (request) => {
        const hanging = services.from(request).service.hang()
        client.abort()
        return hanging.catch((error: unknown) => {
          resolve(error)
          throw error
        })
      })
      instance.get('/open', () => {
        throw new CircuitOpenError('service', 1_000)
      })
    })
  })
  const session = connect(await listen(app))
  onTestFinished(() => session.destroy())
  const left = session.request({ ':path': '/' }, { signal: client.signal })
  left.on('error', () => {})
  expect(await ended).toMatchObject({ name: 'AbortError', message: 'The client closed the request' })
  for (let turn = 0; turn < 3; turn++) await nextTurn()
  expect(heard).toEqual([])
  const [headers] = (await once(session.request({ ':path': '/open' }), 'response')) as [Record<string, unknown>]
  expect(headers).toMatchObject({ ':status': 503, 'retry-after': '1', 'content-type': 'application/problem+json' })
})

test('shutdown: not ready first, then the requests under way, the manager, and at last the hooks onClose', async () => {
  const { manager, services, answer } = bind()
  const app = fastify()
  const order: string[] = []
  app.register(services.health())
  app.register(services.plugin())
  app.addHook('onClose', async () => void order.push(`closed, manager stopping: ${manager.stopping}`))
  const begun = new Promise<void>((resolve) => {
    app.get('/', async (request) => {
      const waiting = services.from(request).service.wait()
      await nextTurn()
      resolve()
      return waiting
    })
  })
  const url = await listen(app)
  const underWay = fetch(url).then(async (response) => order.push(`answered ${await response.text()}`))
  await begun
  const done = services.shutdown(app, { readyDelayMs: 500, timeoutMs: 20_000 })
  order.push(`readyz ${(await fetch(`${url}/readyz`)).status}`, `livez ${(await fetch(`${url}/livez`)).status}`)
  answer()
  await Promise.all([underWay, done])
  expect(order).toEqual(['readyz 503', 'livez 200', 'answered red', 'closed, manager stopping: true'])
  await expect(fetch(url)).rejects.toThrow('fetch failed')
})

test('options of a shutdown that make no sense leave the application open', async () => {
  const { services } = bind()
  const app = fastify()
  app.get('/', () => 'open')
  const url = await listen(app)
  await expect(services.shutdown(app, { readyDelayMs: -1 })).rejects.toThrow('readyDelayMs')
  expect(await (await fetch(url)).text()).toBe('open')
})

test('an application that Fastify itself closes is not served, and its manager is as it was', async () => {
  const { manager, services } = bind()
  const app = fastify()
  app.register(services.health())
  app.register(services.plugin())
  await listen(app)
  const { port } = app.server.address() as AddressInfo
  await app.close()
  await expect(fetch(`http://127.0.0.1:${port}/readyz`)).rejects.toThrow('fetch failed')
  expect(manager.stopping).toBe(false)
})
