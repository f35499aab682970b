import {
  type BindingHarness,
  bindingContract,
  type ContractApp,
  type ContractExchange,
  type ContractRoute,
  type ContractServices,
} from '@svcproxy/testing'
import express, { type Express, type Request, type RequestHandler, type Response } from 'express'
import express4 from 'express4'
import { type BindOptions, bindServices, type ExpressServices } from './index.ts'

bindingContract('Express 5', harness(express))
bindingContract('Express 4', harness(express4))

function bindOptionsOf({ asyncContext = false, endWithClient }: ContractApp): BindOptions {
  return { asyncContext, ...(endWithClient !== undefined && { endWithClient }) }
}

function mountOperations(app: Express, services: ExpressServices<ContractServices>, asked: ContractApp): void {
  const { management, mount, mountPath = '/ops' } = asked
  if (management !== undefined) app.use(mountPath, services.management(management))
  else if (mount !== undefined) app.use(mountPath, services.mount(mount))
}

function harness(createApp: typeof express): BindingHarness {
  return {
    inject: (manager, names) => bindServices(manager).inject(names as 'first'[], () => {}),
    build(asked) {
      const { manager, routes = [], prefix = '/', isBound = true, errorHandler, onError } = asked
      const { health, healthPrefix = '/' } = asked
      const services = bindServices(manager, bindOptionsOf(asked))
      const app = createApp()
      if (asked.parsesBodies === true) app.use(createApp.json())
      if (health !== undefined) app.use(healthPrefix, services.health(health))
      if (isBound) app.use(services.middleware())
      mountOperations(app, services, asked)
      const router = createApp.Router()
      for (const route of routes) router.all(route.path, handlerOf(route))
      app.use(prefix, router)
      if (errorHandler !== undefined) app.use(services.errorHandler(errorHandler))
      if (onError !== undefined) {
        app.use((error: unknown, _req: Request, res: Response, _next: () => void) => {
          onError(error)
          if (res.headersSent) res.destroy()
          else res.sendStatus(418)
        })
      }
      return { listener: app, shutdown: services.shutdown }

      function handlerOf({ handle, isInjected }: ContractRoute): RequestHandler {
        const exchangeOf = (req: Request, res: Response): ContractExchange => {
          return { req, res, signal: () => services.signal(req), current: () => services.current() }
        }
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
