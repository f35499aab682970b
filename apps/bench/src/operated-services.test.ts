import { managementEndpoints, type Snapshot } from '@svcproxy/http'
import { expect, test } from 'vitest'
import { createOperatedServices, OPERATED_SERVICES, watchForFiveMinutes } from './operated-services.ts'

test('after five minutes each service was called by two methods, and a snapshot has its whole history', async () => {
  const manager = createOperatedServices()
  const endpoint = await watchForFiveMinutes(manager, () => managementEndpoints(manager, { authorize: () => true }))
  const answer = await endpoint({ method: 'GET', path: '/api/snapshot', headers: {}, original: undefined })
  const { services }: Snapshot = JSON.parse(String(answer?.body))
  expect(services).toHaveLength(OPERATED_SERVICES)
  for (const { counts, history } of services) {
    expect(counts.successfulRequests).toBe(20)
    expect(history.requests).toHaveLength(60)
    expect(history.requests.filter((requests) => requests === 1)).toHaveLength(20)
  }
  expect(Object.keys(manager.getProxy('service7').getMetrics().latency)).toEqual(
    expect.arrayContaining(['find', 'count']),
  )
  await manager.stop()
})
