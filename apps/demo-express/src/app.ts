import { dashboard } from '@svcproxy/dashboard'
import {
  type DemoContext,
  type DemoServices,
  ENDPOINTS,
  MAX_BODY_BYTES,
  NotFoundError,
  OPERATIONS_PATH,
  parseActor,
  parseCommand,
  parseEntityId,
  parseFeatureName,
  problemOf,
  sendCommand,
} from '@svcproxy/demo-services'
import { bindServices } from '@svcproxy/express'
import express, { type Express, type NextFunction, type Request, type Response, Router } from 'express'

/** The whole application: every entity route exists twice, once with plain services and once with proxied ones. */
export function createApp({ manager, standard, operations, logError, onBound }: DemoContext): Express {
  const services = bindServices(manager)
  onBound(services)
  const app = express()
  app.disable('x-powered-by')
  app.use(services.health({ authorize: () => true }))
  app.use(OPERATIONS_PATH, services.mount(dashboard(operations.dashboard)))
  app.get('/metrics', async (_req, res) => {
    res.set('Content-Type', operations.metrics.contentType).send(await operations.metrics.text())
  })
  app.use(express.json({ limit: MAX_BODY_BYTES }))
  app.use(services.middleware())

  app.get('/', (_req, res) => {
    res.json(ENDPOINTS)
  })
  app.use(
    '/standard',
    entityRoutes(() => standard),
  )
  app.use(entityRoutes((req) => services.from(req)))

  app.use(() => {
    throw new NotFoundError('Not found; see / for the routes')
  })
  app.use(services.errorHandler())
  app.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
    if (res.headersSent) return next(error)
    const { status, headers, body } = problemOf(error)
    if (status >= 500) logError(error)
    res.status(status).set(headers).send(JSON.stringify(body))
  })
  return app
}

/** The handlers cannot see whether the services are proxied. */
function entityRoutes(servicesOf: (req: Request) => DemoServices): Router {
  const router = Router()

  router.get('/entities', async (req, res) => {
    res.json(await servicesOf(req).entityService.listEntities())
  })

  router.get('/entities/:id', async (req, res) => {
    res.json(await servicesOf(req).entityService.getEntity(parseEntityId(req.params.id)))
  })

  router.post('/entities/:id/commands', async (req, res) => {
    const entityId = parseEntityId(req.params.id)
    const actor = parseActor(req.get('x-actor'))
    res.status(202).json(await sendCommand(servicesOf(req), { entityId, command: parseCommand(req.body), actor }))
  })

  router.get('/features/:name', async (req, res) => {
    res.json(await servicesOf(req).featureManager.getFeature(parseFeatureName(req.params.name)))
  })

  router.get('/config', async (req, res) => {
    res.json(await servicesOf(req).configService.getConfig())
  })

  return router
}
