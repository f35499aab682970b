import { bodyParser } from '@koa/bodyparser'
import { Router } from '@koa/router'
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
import { bindServices, type StateOf } from '@svcproxy/koa'
import Koa, { type Context, type DefaultState, type Next } from 'koa'

/** The whole application: every entity route exists twice, once with plain services and once with proxied ones. */
export function createApp({ manager, standard, operations, logError, onBound }: DemoContext): Koa {
  const services = bindServices(manager)
  onBound(services)
  type State = StateOf<typeof services>
  const app = new Koa<State>()
  app.on('error', logError)
  app.use(answerProblems)
  app.use(services.errorHandler())
  app.use(services.health({ authorize: () => true }))
  app.use(services.mount(dashboard({ ...operations.dashboard, basePath: OPERATIONS_PATH })))
  app.use(bodyParser({ enableTypes: ['json'], jsonLimit: MAX_BODY_BYTES }))
  app.use(services.middleware())

  const router = new Router<State>()
  router.get('/', (ctx) => {
    ctx.body = ENDPOINTS
  })
  router.get('/metrics', async (ctx) => {
    ctx.body = await operations.metrics.text()
    ctx.type = operations.metrics.contentType
  })
  app.use(router.routes())
  app.use(entityRoutes<State>('/standard', () => standard).routes())
  app.use(entityRoutes<State>('', (state) => state.services).routes())
  app.use(() => {
    throw new NotFoundError('Not found; see / for the routes')
  })
  return app
}

/** The handlers cannot see whether the services are proxied. */
function entityRoutes<S extends DefaultState>(prefix: string, servicesOf: (state: S) => DemoServices): Router<S> {
  const router = new Router<S>({ prefix })

  router.get('/entities', async (ctx) => {
    ctx.body = await servicesOf(ctx.state).entityService.listEntities()
  })

  router.get('/entities/:id', async (ctx) => {
    ctx.body = await servicesOf(ctx.state).entityService.getEntity(parseEntityId(ctx.params['id']))
  })

  router.post('/entities/:id/commands', async (ctx) => {
    const entityId = parseEntityId(ctx.params['id'])
    const actor = parseActor(ctx.get('x-actor'))
    ctx.body = await sendCommand(servicesOf(ctx.state), { entityId, command: parseCommand(ctx.request.body), actor })
    ctx.status = 202
  })

  router.get('/features/:name', async (ctx) => {
    ctx.body = await servicesOf(ctx.state).featureManager.getFeature(parseFeatureName(ctx.params['name']))
  })

  router.get('/config', async (ctx) => {
    ctx.body = await servicesOf(ctx.state).configService.getConfig()
  })

  return router
}

async function answerProblems(ctx: Context, next: Next): Promise<void> {
  try {
    await next()
  } catch (error) {
    const { status, headers, body } = problemOf(error)
    ctx.status = status
    ctx.body = JSON.stringify(body)
    ctx.set(headers)
    if (status >= 500) ctx.app.emit('error', error, ctx)
  }
}
