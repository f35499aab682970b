import {
  type BindingHarness,
  bindingContract,
  type ContractApp,
  type ContractExchange,
  type ContractRoute,
  type ContractServices,
} from '@svcproxy/testing'
import Koa, { type Middleware } from 'koa'
import mountAt from 'koa-mount'
import Koa2 from 'koa2'
import { json } from 'node:stream/consumers'
import { type BindOptions, bindServices, type KoaContext, type KoaServices } from './index.ts'

bindingContract('Koa 3', harness(Koa))
bindingContract('Koa 2', harness(Koa2))

function harness(App: typeof Koa): BindingHarness {
  return {
    inject: (manager, names) => bindServices(manager).inject(names as 'first'[], () => {}),
    build(asked) {
      const { manager, routes = [], prefix = '', isBound = true, errorHandler, onError } = asked
      const services = bindServices(manager, bindOptionsOf(asked))
      const app = new App()
      app.silent = true
      if (asked.parsesBodies === true) app.use(parseBody)
      if (onError !== undefined) app.use(noting(onError))
      if (errorHandler !== undefined) app.use(services.errorHandler(errorHandler))
      mountHealth(app, services, asked)
      if (isBound) app.use(services.middleware())
      mountOperations(app, services, asked)
      for (const route of routes) {
        const handler = handlerOf(route)
        const path = prefix === '' ? route.path : `${prefix}${route.path}`
        app.use((ctx, next) => (ctx.path === path ? handler(ctx, next) : next()))
      }
      const answer = app.callback()
      return { listener: (req, res) => void answer(req, res), shutdown: services.shutdown }

      function handlerOf({ handle, isInjected }: ContractRoute): Middleware {
        const exchangeOf = (ctx: KoaContext): ContractExchange => {
          const { req, res } = ctx
          return { req, res, signal: () => services.signal(ctx), current: () => services.current() }
        }
        if (isInjected) {
          return services.inject(['first'], async (injected, ctx) => {
            ctx.body = await handle(injected, exchangeOf(ctx))
          })
        }
        return async (ctx) => {
          ctx.body = await handle(services.from(ctx), exchangeOf(ctx))
        }
      }
    },
  }
}

function bindOptionsOf({ asyncContext = false, endWithClient }: ContractApp): BindOptions {
  return { asyncContext, ...(endWithClient !== undefined && { endWithClient }) }
}

function mountHealth(app: Koa, services: KoaServices<ContractServices>, { health, healthPrefix = '' }: ContractApp) {
  if (health !== undefined) app.use(services.health({ ...health, basePath: healthPrefix }))
}

/** The management API by its own option, everything else as Koa mounts. */
function mountOperations(app: Koa, services: KoaServices<ContractServices>, asked: ContractApp): void {
  const { management, mount, mountPath = '/ops' } = asked
  if (management !== undefined) app.use(services.management({ ...management, basePath: mountPath }))
  else if (mount !== undefined) app.use(mountAt(mountPath, services.mount(mount)))
}

/** As the body parsers of Koa do it. */
const parseBody: Middleware = async (ctx, next) => {
  if (ctx.is('json') === 'json') Object.assign(ctx.request, { body: await json(ctx.req) })
  await next()
}

/** An error handler of the application. */
function noting(onError: (error: unknown) => void): Middleware {
  return async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      onError(error)
      ctx.status = 418
      if (ctx.headerSent) ctx.res.destroy()
    }
  }
}
