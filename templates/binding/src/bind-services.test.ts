import {
  type BindingHarness,
  bindingContract,
  type ContractApp,
  type ContractExchange,
  type ContractRoute,
  type ContractServices,
} from '@svcproxy/testing'
import connect, { type Server } from 'connect'
import { json } from 'node:stream/consumers'
import { type BindOptions, bindServices, type TemplateHandler, type TemplateServices } from './index.ts'

// CHANGE (harness): one suite for each major version of the framework.
bindingContract('connect 3', harness())

// CHANGE (harness): the application of a case, made as your users make theirs.
function harness(): BindingHarness {
  return {
    inject: (manager, names) => bindServices(manager).inject(names as 'first'[], () => {}),
    build(asked) {
      const { manager, routes = [], prefix = '/', isBound = true, errorHandler, onError } = asked
      const { health, healthPrefix = '/' } = asked
      const services = bindServices(manager, bindOptionsOf(asked))
      const app = connect()
      if (asked.parsesBodies === true) app.use(parseBody)
      if (health !== undefined) app.use(healthPrefix, services.health(health))
      if (isBound) app.use(services.middleware())
      mountOperations(app, services, asked)
      const router = connect()
      for (const route of routes) router.use(only(route.path, handlerOf(services, route)))
      app.use(prefix, router)
      if (errorHandler !== undefined) app.use(services.errorHandler(errorHandler))
      if (onError !== undefined) app.use(noting(onError))
      return { listener: app, shutdown: services.shutdown }
    },
  }
}

function bindOptionsOf({ asyncContext = false, endWithClient }: ContractApp): BindOptions {
  return { asyncContext, ...(endWithClient !== undefined && { endWithClient }) }
}

function mountOperations(app: Server, services: TemplateServices<ContractServices>, asked: ContractApp): void {
  const { management, mount, mountPath = '/ops' } = asked
  if (management !== undefined) app.use(mountPath, services.management(management))
  else if (mount !== undefined) app.use(mountPath, services.mount(mount))
}

/** A route of the contract: what its handler returns is the body, what it throws is an error of the route. */
function handlerOf(
  services: TemplateServices<ContractServices>,
  { handle, isInjected }: ContractRoute,
): TemplateHandler {
  const exchangeOf = (req: ContractExchange['req'], res: ContractExchange['res']): ContractExchange => {
    return { req, res, signal: () => services.signal(req), current: () => services.current() }
  }
  if (isInjected) {
    return services.inject(['first'], async (injected, req, res) => {
      res.end(await handle(injected, exchangeOf(req, res)))
    })
  }
  return awaited(async (req, res) => {
    res.end(await handle(services.from(req), exchangeOf(req, res)))
  })
}

/** connect has no routes of its own: its paths are beginnings. */
function only(path: string, handler: TemplateHandler): TemplateHandler {
  return (req, res, next) => (req.url?.split('?')[0] === path ? handler(req, res, next) : next())
}

/** As the body parsers of connect do it. */
const parseBody = awaited(async (req, _res, next) => {
  if (req.headers['content-type'] === 'application/json') Object.assign(req, { body: await json(req) })
  next()
})

/** connect does not see what a promise brings. */
function awaited(handler: (...args: Parameters<TemplateHandler>) => Promise<void>): TemplateHandler {
  const handle: typeof handler = async (req, res, next) => {
    try {
      await handler(req, res, next)
    } catch (error) {
      next(error)
    }
  }
  return (req, res, next) => void handle(req, res, next)
}

/** An error handler of the application. */
function noting(onError: (error: unknown) => void): connect.ErrorHandleFunction {
  return (error: unknown, _req, res, _next) => {
    onError(error)
    if (res.headersSent) {
      res.destroy()
      return
    }
    res.statusCode = 418
    res.end()
  }
}
