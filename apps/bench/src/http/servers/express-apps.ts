import type { ServiceProxyManager } from '@svcproxy/core'
import { bindServices } from '@svcproxy/express'
import express, { type NextFunction, type Request, type Response } from 'express'
import type { RequestListener } from 'node:http'
import { ENTITIES_PATH } from './contenders.ts'
import type { Entities } from './entities.ts'
import { errorAnswerOf, type HandWiredEntities } from './hand-wired-entities.ts'

const ROUTE = `${ENTITIES_PATH}:id` as const

export function bareExpress(entities: Entities): RequestListener {
  const app = express()
  app.get(ROUTE, async (req, res) => {
    res.json(await entities.find(req.params.id))
  })
  return app
}

export function proxiedExpress(manager: ServiceProxyManager<{ entities: Entities }>): RequestListener {
  const services = bindServices(manager)
  const app = express()
  app.use(services.middleware())
  app.get(ROUTE, async (req, res) => {
    const { entities } = services.from(req)
    res.json(await entities.find(req.params.id))
  })
  app.use(services.errorHandler())
  return app
}

export function handWiredExpress(entities: HandWiredEntities): RequestListener {
  const app = express()
  app.get(ROUTE, async (req, res) => {
    res.json(await entities.find(req.params.id))
  })
  app.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
    const answer = errorAnswerOf(error)
    if (answer === undefined) next(error)
    else res.status(answer.status).set(answer.headers).json({ status: answer.status })
  })
  return app
}
