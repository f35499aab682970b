import { type BindingHarness, bindingContract, type ContractRoute } from '@svcproxy/testing'
import Koa, { type Middleware } from 'koa'
import Koa2 from 'koa2'
import { bindServices, type KoaContext } from './index.ts'

bindingContract('Koa 3', harness(Koa))
bindingContract('Koa 2', harness(Koa2))

function harness(App: typeof Koa): BindingHarness {
  return {
    inject: (manager, names) => bindServices(manager).inject(names as 'first'[], () => {}),
    build({ manager, routes = [], prefix = '', isBound = true, errorHandler, onError, health, healthPrefix = '' }) {
      const services = bindServices(manager)
      const app = new App()
      app.silent = true
      if (onError !== undefined) app.use(noting(onError))
      if (errorHandler !== undefined) app.use(services.errorHandler(errorHandler))
      if (health !== undefined) app.use(services.health({ ...health, basePath: healthPrefix }))
      if (isBound) app.use(services.middleware())
      for (const route of routes) {
        const handler = handlerOf(route)
        const path = prefix === '' ? route.path : `${prefix}${route.path}`
        app.use((ctx, next) => (ctx.path === path ? handler(ctx, next) : next()))
      }
      const answer = app.callback()
      return (req, res) => void answer(req, res)

      function handlerOf({ handle, isInjected }: ContractRoute): Middleware {
        const exchangeOf = (ctx: KoaContext) => ({ req: ctx.req, res: ctx.res, signal: () => services.signal(ctx) })
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
