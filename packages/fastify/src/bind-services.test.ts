import {
  type BindingHarness,
  bindingContract,
  type ContractApp,
  type ContractRoute,
  type ContractServices,
} from '@svcproxy/testing'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { createRequire } from 'node:module'
import { type BindOptions, bindServices, type FastifyServices } from './index.ts'

const require = createRequire(import.meta.url)
// To TypeScript, an instance of another copy is another type.
const oldest: typeof fastify = require('fastify5.0')

bindingContract(
  'Fastify 5',
  harness(() => fastify()),
)
bindingContract(
  'Fastify 5.0',
  harness(() => oldest()),
)

function harness(create: () => FastifyInstance): BindingHarness {
  return {
    registration: 'app.register(services.plugin())',
    inject: (manager, names) => bindServices(manager).inject(names as 'first'[], () => {}),
    build(asked) {
      const { manager, isBound = true, onError, health, healthPrefix = '' } = asked
      const services = bindServices(manager, bindOptionsOf(asked))
      const app = create()
      if (asked.parsesBodies !== true) passBodies(app)
      if (onError !== undefined) app.setErrorHandler(noting(onError))
      if (health !== undefined) app.register(services.health(health), { prefix: healthPrefix })
      if (isBound) app.register(services.plugin())
      mountOperations(app, services, asked)
      registerRoutes(app, services, asked)
      const ready = app.ready()
      return {
        listener: (req, res) => void ready.then(() => app.routing(req, res)),
        shutdown: (server, options) => services.shutdown({ server, close: () => app.close() }, options),
      }
    },
  }
}

function bindOptionsOf({ asyncContext = false, endWithClient }: ContractApp): BindOptions {
  return { asyncContext, ...(endWithClient !== undefined && { endWithClient }) }
}

/** Without a body parser: Fastify has one of its own for JSON, and refuses all other types. */
function passBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _body, done) => done(null))
}

function mountOperations(app: FastifyInstance, services: FastifyServices<ContractServices>, asked: ContractApp): void {
  const { management, mount, mountPath: prefix = '/ops' } = asked
  if (management !== undefined) app.register(services.management(management), { prefix })
  else if (mount !== undefined) app.register(services.mount(mount), { prefix })
}

/** In an instance of their own, whose error handler is the binding's: what it passes on reaches the application's. */
function registerRoutes(app: FastifyInstance, services: FastifyServices<ContractServices>, asked: ContractApp): void {
  const { routes = [], prefix = '', errorHandler } = asked
  app.register(
    async (instance) => {
      if (errorHandler !== undefined) instance.setErrorHandler(services.errorHandler(errorHandler))
      for (const route of routes) instance.all(route.path, handlerOf(services, route))
    },
    { prefix },
  )
}

/** A route of the contract: what its handler returns is the body, what it throws is an error of the route. */
function handlerOf(services: FastifyServices<ContractServices>, { handle, isInjected = false }: ContractRoute) {
  const answer = async (
    first: Parameters<typeof handle>[0],
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<unknown> => {
    const signal = () => services.signal(request)
    const body = await handle(first, { req: request.raw, res: reply.raw, signal, current: () => services.current() })
    return reply.sent ? reply : reply.send(request.method === 'HEAD' ? undefined : body)
  }
  if (isInjected) return services.inject(['first'], answer)
  return async (request: FastifyRequest, reply: FastifyReply) => answer(services.from(request), request, reply)
}

/** An error handler of the application. */
function noting(onError: (error: unknown) => void) {
  return (error: unknown, _request: FastifyRequest, reply: FastifyReply): void => {
    onError(error)
    if (reply.raw.headersSent) {
      reply.hijack()
      reply.raw.destroy()
    } else {
      void reply.code(418).send()
    }
  }
}
