import { factoryProvider, type Guarded, ServiceProxyManager } from '@svcproxy/core'
import fastify, { type FastifyReply, type FastifyRequest, type RouteGenericInterface } from 'fastify'
import type { Http2Server } from 'node:http2'
import { expectTypeOf, test } from 'vitest'
import { bindServices, type FastifyServices, type ServicesOf } from './index.ts'

interface Services {
  greeter: Greeter
  other: Greeter
}

interface Greeter {
  greet(name: string): string
}

const provider = factoryProvider<Greeter>('greeter', { create: () => ({ greet: (name) => name }) })
const services: FastifyServices<Services> = bindServices(
  new ServiceProxyManager().add('greeter', { provider }).add('other', { provider }),
)

declare module 'fastify' {
  interface FastifyRequest {
    services: ServicesOf<typeof services>
  }
}

type Http2Request = FastifyRequest<RouteGenericInterface, Http2Server>
type Http2Reply = FastifyReply<RouteGenericInterface, Http2Server>

test('handlers see the services typed by name', () => {
  const app = fastify()
  app.register(services.health({ authorize: (request) => request.headers.authorization === 'yes' }))
  app.register(services.plugin())
  app.get('/', (request) => {
    const { greeter } = services.from(request)
    expectTypeOf(greeter).toEqualTypeOf<Guarded<Greeter>>()
    expectTypeOf(greeter).toEqualTypeOf(request.services.greeter)
    // @ts-expect-error -- there is no such service
    void services.from(request).nobody
    // @ts-expect-error -- a name is a string
    return greeter.greet(1)
  })
  app.setErrorHandler(services.errorHandler({ exposeServiceName: true }))
})

test('inject gives what was asked for and nothing else', () => {
  fastify().get(
    '/',
    services.inject(['greeter'], async (injected, request, reply) => {
      expectTypeOf(injected.greeter).toEqualTypeOf<Guarded<Greeter>>()
      expectTypeOf(request).toExtend<FastifyRequest>()
      expectTypeOf(reply).toExtend<FastifyReply>()
      // @ts-expect-error -- not asked for
      void injected.other
      return injected.greeter.greet('Ada')
    }),
  )
  // @ts-expect-error -- there is no such service
  expectTypeOf(() => services.inject(['nobody'], () => {})).toBeFunction()
})

test('a handler of inject sees the types of its route', () => {
  fastify().get<{ Params: { id: string } }>(
    '/:id',
    services.inject(['greeter'], ({ greeter }, request) => {
      expectTypeOf(request.params.id).toEqualTypeOf<string>()
      // @ts-expect-error -- the route has no such parameter
      void request.params.other
      return greeter.greet(request.params.id)
    }),
  )
})

test('an application over HTTP/2 is bound as any other', () => {
  const app = fastify({ http2: true })
  app.register(services.health())
  app.register(services.plugin())
  app.setErrorHandler(services.errorHandler())
  app.get('/', async (request) => services.from(request).greeter.greet('Ada'))
  app.get(
    '/injected',
    services.inject(['greeter'], ({ greeter }, request: Http2Request, _reply: Http2Reply) => {
      return greeter.greet(request.raw.authority)
    }),
  )
  expectTypeOf(services.shutdown).toBeCallableWith(app)
})
