import type { ServiceProxyManager } from '@svcproxy/core'
import { bindServices } from '@svcproxy/fastify'
import fastify, { type FastifyInstance } from 'fastify'
import type { RequestListener } from 'node:http'
import { ENTITIES_PATH } from './contenders.ts'
import type { Entities } from './entities.ts'
import { errorAnswerOf, type HandWiredEntities } from './hand-wired-entities.ts'

interface OfEntity {
  Params: { id: string }
}

export function bareFastify(entities: Entities): RequestListener {
  const app = fastify()
  app.get<OfEntity>(`${ENTITIES_PATH}:id`, (request) => entities.find(request.params.id))
  return listenerOf(app)
}

export function proxiedFastify(manager: ServiceProxyManager<{ entities: Entities }>): RequestListener {
  const services = bindServices(manager)
  const app = fastify()
  app.setErrorHandler(services.errorHandler())
  app.register(services.plugin())
  app.get<OfEntity>(`${ENTITIES_PATH}:id`, (request) => services.from(request).entities.find(request.params.id))
  return listenerOf(app)
}

export function handWiredFastify(entities: HandWiredEntities): RequestListener {
  const app = fastify()
  app.setErrorHandler(async (error, _request, reply) => {
    const answer = errorAnswerOf(error)
    if (answer === undefined) throw error
    return reply
      .code(answer.status)
      .headers({ ...answer.headers })
      .send({ status: answer.status })
  })
  app.get<OfEntity>(`${ENTITIES_PATH}:id`, (request) => entities.find(request.params.id))
  return listenerOf(app)
}

/** It waits for what Fastify starts, before the first request only. */
function listenerOf(app: FastifyInstance): RequestListener {
  const ready = app.ready()
  let isReady = false
  void ready.then(() => (isReady = true))
  return (req, res) => (isReady ? app.routing(req, res) : void ready.then(() => app.routing(req, res)))
}
