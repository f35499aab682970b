import { type BindingHarness, bindingContract, type ContractRoute } from '@svcproxy/testing'
import express, { type Request, type RequestHandler, type Response } from 'express'
import express4 from 'express4'
import { bindServices } from './index.ts'

bindingContract('Express 5', harness(express))
bindingContract('Express 4', harness(express4))

function harness(createApp: typeof express): BindingHarness {
  return {
    inject: (manager, names) => bindServices(manager).inject(names as 'first'[], () => {}),
    build({ manager, routes = [], prefix = '/', isBound = true, errorHandler, onError, health, healthPrefix = '/' }) {
      const services = bindServices(manager)
      const app = createApp()
      if (health !== undefined) app.use(healthPrefix, services.health(health))
      if (isBound) app.use(services.middleware())
      const router = createApp.Router()
      for (const route of routes) router.get(route.path, handlerOf(route))
      app.use(prefix, router)
      if (errorHandler !== undefined) app.use(services.errorHandler(errorHandler))
      if (onError !== undefined) {
        app.use((error: unknown, _req: Request, res: Response, _next: () => void) => {
          onError(error)
          if (res.headersSent) res.destroy()
          else res.sendStatus(418)
        })
      }
      return app

      function handlerOf({ handle, isInjected }: ContractRoute): RequestHandler {
        const exchangeOf = (req: Request, res: Response) => ({ req, res, signal: () => services.signal(req) })
        if (isInjected) {
          return services.inject(['first'], async (injected, req, res) => {
            res.send(await handle(injected, exchangeOf(req, res)))
          })
        }
        return async (req, res, next) => {
          try {
            res.send(await handle(services.from(req), exchangeOf(req, res)))
          } catch (error) {
            next(error)
          }
        }
      }
    },
  }
}
