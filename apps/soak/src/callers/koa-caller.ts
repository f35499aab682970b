import { bindServices } from '@svcproxy/koa'
import type { StateOf } from '@svcproxy/koa'
import Koa from 'koa'
import type { Contestant } from '../contestant.ts'
import { NotFoundError } from '../records.ts'
import { browser } from './browser.ts'
import type { Caller } from './caller.ts'

/** Browsers that call a Koa application. The middleware is the proxy's caller, and keeps the tally. */
export async function koaCaller({ manager, tally }: Contestant): Promise<Caller> {
  const services = bindServices(manager)
  const app = new Koa<StateOf<typeof services>>()
  // Koa prints every error that it is told of.
  app.silent = true
  app.use(async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      ctx.status = error instanceof NotFoundError ? 404 : 502
    }
  })
  app.use(services.errorHandler())
  app.use(services.middleware())
  app.use(async (ctx) => {
    const id = Number(ctx.path.split('/').at(-1))
    const read = ctx.state.services.records.read(id)
    await tally.watch(id, () => read, services.signal(ctx))
    ctx.body = String(await read)
  })
  const handle = app.callback()
  return browser((req, res) => void handle(req, res))
}
