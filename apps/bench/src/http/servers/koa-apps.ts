import type { ServiceProxyManager } from '@svcproxy/core'
import { bindServices, type StateOf } from '@svcproxy/koa'
import Koa from 'koa'
import type { RequestListener } from 'node:http'
import { ENTITIES_PATH } from './contenders.ts'
import type { Entities } from './entities.ts'
import { errorAnswerOf, type HandWiredEntities } from './hand-wired-entities.ts'

export function bareKoa(entities: Entities): RequestListener {
  const app = new Koa()
  app.use(async (ctx, next) => {
    const id = idIn(ctx.path)
    if (id === undefined) await next()
    else ctx.body = await entities.find(id)
  })
  return listenerOf(app)
}

export function proxiedKoa(manager: ServiceProxyManager<{ entities: Entities }>): RequestListener {
  const services = bindServices(manager)
  const app = new Koa<StateOf<typeof services>>()
  app.use(services.errorHandler())
  app.use(services.middleware())
  app.use(async (ctx, next) => {
    const id = idIn(ctx.path)
    if (id === undefined) await next()
    else ctx.body = await ctx.state.services.entities.find(id)
  })
  return listenerOf(app)
}

export function handWiredKoa(entities: HandWiredEntities): RequestListener {
  const app = new Koa()
  app.use(async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      const answer = errorAnswerOf(error)
      if (answer === undefined) throw error
      ctx.status = answer.status
      ctx.set({ ...answer.headers })
      ctx.body = { status: answer.status }
    }
  })
  app.use(async (ctx, next) => {
    const id = idIn(ctx.path)
    if (id === undefined) await next()
    else ctx.body = await entities.find(id)
  })
  return listenerOf(app)
}

/** Koa has no routes of its own. */
function idIn(path: string): string | undefined {
  return path.startsWith(ENTITIES_PATH) ? path.slice(ENTITIES_PATH.length) : undefined
}

function listenerOf<S>(app: Koa<S>): RequestListener {
  // Every failed request fails the benchmark, which then says so itself.
  app.silent = true
  const answer = app.callback()
  return (req, res) => void answer(req, res)
}
