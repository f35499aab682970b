import { bindServices } from '@svcproxy/express'
import express from 'express'
import type { NextFunction, Request, Response } from 'express'
import type { Contestant } from '../contestant.ts'
import { NotFoundError } from '../records.ts'
import { browser } from './browser.ts'
import type { Caller } from './caller.ts'

/** Browsers that call an Express application. The handler is the proxy's caller, and keeps the tally. */
export async function expressCaller({ manager, tally }: Contestant): Promise<Caller> {
  const services = bindServices(manager)
  const app = express()
  app.use(services.middleware())
  app.get('/records/:id', async (req: Request<{ id: string }>, res) => {
    const id = Number(req.params.id)
    const read = services.from(req).records.read(id)
    await tally.watch(id, () => read, services.signal(req))
    res.send(String(await read))
  })
  app.use(services.errorHandler())
  app.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
    res.status(error instanceof NotFoundError ? 404 : 502).end()
  })
  return browser((req, res) => void app(req, res))
}
