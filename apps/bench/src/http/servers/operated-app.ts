import { dashboard } from '@svcproxy/dashboard'
import { bindServices } from '@svcproxy/express'
import express from 'express'
import { createOperatedServices, watchForFiveMinutes } from '../../operated-services.ts'
import type { Application } from './application.ts'
import { DASHBOARD_PATH, NEXT_SERVICE_PATH } from './contenders.ts'

/** An Express application with many services and the dashboard, which everybody may see. */
export async function operatedExpress(): Promise<Application> {
  const manager = createOperatedServices()
  const services = bindServices(manager)
  const operations = await watchForFiveMinutes(manager, () =>
    services.mount(dashboard({ authorize: () => true, environment: 'benchmark' })),
  )
  const { names } = manager
  let next = 0

  const app = express()
  app.use(DASHBOARD_PATH, operations)
  app.use(services.middleware())
  app.get(NEXT_SERVICE_PATH, async (req, res) => {
    const service = services.from(req)[names[next] ?? '']
    next = (next + 1) % names.length
    res.json({ id: await service?.find(7) })
  })
  app.use(services.errorHandler())
  return {
    listener: app,
    async counts() {
      const all = Object.values(manager.getAllMetrics())
      const sum = (count: (metrics: (typeof all)[number]) => number): number =>
        all.reduce((total, metrics) => total + count(metrics), 0)
      return {
        succeeded: sum(({ successfulRequests }) => successfulRequests),
        failed: sum(({ failedRequests }) => failedRequests),
        rejected: sum(({ rejectedRequests }) => rejectedRequests),
      }
    },
    stop: () => manager.stop(),
  }
}
