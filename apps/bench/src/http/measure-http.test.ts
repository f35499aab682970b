import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { measureHttp } from './measure-http.ts'
import { createApplication } from './servers/application.ts'
import { type Framework, FRAMEWORKS, HTTP_VARIANTS, type HttpVariant } from './servers/contenders.ts'

const CONTENDERS = FRAMEWORKS.flatMap((framework) => HTTP_VARIANTS.map((variant) => ({ framework, variant })))
const BARE = CONTENDERS.filter(({ variant }) => variant === 'bare')
const GUARDED = CONTENDERS.filter(({ variant }) => variant !== 'bare')

async function start(framework: Framework, variant: HttpVariant) {
  const application = createApplication(framework, variant)
  const server = createServer(application.listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.close()
    await application.stop()
  })
  const { port } = server.address() as AddressInfo
  const ask = (id: string) => fetch(`http://127.0.0.1:${port}/entities/${id}`, { headers: { connection: 'close' } })
  return { application, ask }
}

test.for(CONTENDERS)('$framework, $variant: answers with the entity', async ({ framework, variant }) => {
  const { ask } = await start(framework, variant)
  const response = await ask('7')
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
  expect(await response.json()).toEqual({ id: '7', name: 'Vehicle 7', speedKmh: 6 })
})

test.for(GUARDED)('$framework, $variant: counts its calls', async ({ framework, variant }) => {
  const { application, ask } = await start(framework, variant)
  await ask('7')
  await ask('8')
  expect(await application.counts()).toEqual({ succeeded: 2, failed: 0, rejected: 0 })
})

test.for(GUARDED)('$framework, $variant: stops asking a service that fails', async ({ framework, variant }) => {
  const { application, ask } = await start(framework, variant)
  for (let calls = 0; calls < 10; calls++) await ask('nobody')
  const refused = await ask('7')
  expect(refused.status).toBe(503)
  expect(refused.headers.get('retry-after')).toBe('30')
  expect(await application.counts()).toEqual({ succeeded: 0, failed: 5, rejected: 6 })
})

test.for(BARE)('$framework, $variant: goes on asking it, for nothing guards', async ({ framework, variant }) => {
  const { application, ask } = await start(framework, variant)
  for (let calls = 0; calls < 10; calls++) expect((await ask('nobody')).status).toBe(500)
  expect((await ask('7')).status).toBe(200)
  expect(await application.counts()).toBeUndefined()
})

test('a run measures each of them once a round', { timeout: 30_000 }, async () => {
  const steps: string[] = []
  const samples = await measureHttp({
    rounds: 1,
    secondsPerSample: 0.25,
    warmUpSeconds: 0.05,
    onProgress: (text) => steps.push(text),
  })
  expect(samples.map(({ framework, variant }) => ({ framework, variant }))).toEqual(CONTENDERS)
  for (const { requestsPerSecond, cpuUsPerRequest, p50Ms, p99Ms } of samples) {
    expect(requestsPerSecond).toBeGreaterThan(0)
    expect(cpuUsPerRequest).toBeGreaterThan(0)
    expect(p50Ms).toBeGreaterThan(0)
    expect(p99Ms).toBeGreaterThanOrEqual(p50Ms)
  }
  expect(steps).toHaveLength(CONTENDERS.length)
})
