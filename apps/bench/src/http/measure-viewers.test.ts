import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { measureViewers } from './measure-viewers.ts'
import { DASHBOARD_PATH, NEXT_SERVICE_PATH, WATCHED } from './servers/contenders.ts'
import { operatedExpress } from './servers/operated-app.ts'

async function start() {
  const application = await operatedExpress()
  const server = createServer(application.listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.close()
    await application.stop()
  })
  const { port } = server.address() as AddressInfo
  const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } })
  return { application, ask }
}

test('the server calls one service after the other, and shows all of them', async () => {
  const { application, ask } = await start()
  const before = await application.counts()
  for (let n = 0; n < 3; n++) expect(await (await ask(NEXT_SERVICE_PATH)).json()).toEqual({ id: 7 })
  const snapshot = await ask(`${DASHBOARD_PATH}/api/snapshot`)
  expect(snapshot.headers.get('etag')).not.toBeNull()
  expect(await snapshot.json()).toMatchObject({
    services: [
      ...Array.from({ length: 3 }, () => ({ counts: { successfulRequests: 21 } })),
      ...Array.from({ length: 197 }, () => ({ counts: { successfulRequests: 20 } })),
    ],
  })
  expect(await application.counts()).toEqual({ succeeded: (before?.succeeded ?? 0) + 3, failed: 0, rejected: 0 })
})

test('the page of the dashboard is there', async () => {
  const { ask } = await start()
  const page = await ask(`${DASHBOARD_PATH}/`)
  expect(page.status).toBe(200)
  expect(page.headers.get('content-type')).toContain('text/html')
})

test(
  'a run measures with viewers and without, of this process and of another, once a round, in turns',
  { timeout: 60_000 },
  async () => {
    const steps: string[] = []
    const samples = await measureViewers({
      rounds: 2,
      // Long enough for an answer on a machine that has other work.
      secondsPerSample: 1,
      warmUpSeconds: 0.5,
      onProgress: (text) => steps.push(text),
    })
    expect(samples.map(({ watched }) => watched).toSorted()).toEqual([...WATCHED, ...WATCHED].toSorted())
    expect(samples[0]?.watched).not.toBe(samples[3]?.watched)
    for (const { requestsPerSecond, cpuUsPerRequest, p50Ms, p99Ms } of samples) {
      expect(requestsPerSecond).toBeGreaterThan(0)
      expect(cpuUsPerRequest).toBeGreaterThan(0)
      expect(p50Ms).toBeGreaterThan(0)
      expect(p99Ms).toBeGreaterThanOrEqual(p50Ms)
    }
    for (const { pollsPerSecond, bytesPerPoll } of samples.filter(({ watched }) => watched !== 'nothing')) {
      expect(pollsPerSecond).toBeGreaterThan(0)
      expect(bytesPerPoll).toBeGreaterThan(2_000)
    }
    for (const sample of samples.filter(({ watched }) => watched === 'nothing')) {
      expect(sample).toMatchObject({ pollsPerSecond: 0, bytesPerPoll: 0 })
    }
    expect(steps).toEqual(['warming up', 'warming up', 'round 1 of 2', 'round 2 of 2'])
  },
)
