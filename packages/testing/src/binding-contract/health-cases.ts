import { expect } from 'vitest'
import { fails, faultyService } from '../faulty-service.ts'
import { type Answer, ask, jsonOf, managerOf, serve } from './application.ts'
import type { ContractManager } from './application.ts'
import type { BindingContractCase, BindingHarness } from './harness.ts'

const ENDPOINTS = ['livez', 'readyz', 'healthz'] as const

const unwell = () => {
  const faulty = faultyService()
  faulty.die()
  return faulty
}

/** Status codes and levels of all endpoints: `200 pass, 503 fail, 200 fail`. */
async function levels(harness: BindingHarness, manager: ContractManager): Promise<string> {
  const url = await serve(harness, { manager, health: {} })
  const answers = await Promise.all(ENDPOINTS.map((name) => ask(`${url}/${name}`)))
  return answers.map((answer) => `${answer.status} ${jsonOf(answer)['status'] as string}`).join(', ')
}

function detailsOf(answer: Answer): unknown {
  expect(answer.status).toBe(200)
  return jsonOf(answer)['checks']
}

export const healthCases: readonly BindingContractCase[] = [
  [
    'everything is healthy: pass',
    async (harness) => expect(await levels(harness, managerOf())).toBe('200 pass, 200 pass, 200 pass'),
  ],
  [
    'a service that is not critical is unhealthy: warn, and ready',
    async (harness) => {
      expect(await levels(harness, managerOf({}, unwell()))).toBe('200 pass, 200 warn, 200 warn')
    },
  ],
  [
    'a circuit is open: warn, and ready, even if the service is critical',
    async (harness) => {
      const faulty = faultyService({ behaviour: fails() })
      const manager = managerOf({ critical: true, circuit: { failureThreshold: 1 } }, faulty)
      await manager.services.first.ask().catch(() => undefined)
      expect(manager.getProxy('first').circuitState).toBe('open')
      expect(await levels(harness, manager)).toBe('200 pass, 200 warn, 200 warn')
    },
  ],
  [
    'a critical service is unhealthy: not ready, but alive',
    async (harness) => {
      expect(await levels(harness, managerOf({ critical: true }, unwell()))).toBe('200 pass, 503 fail, 200 fail')
    },
  ],
  [
    'the manager stops: not ready at once, but alive',
    async (harness) => {
      const manager = managerOf()
      const url = await serve(harness, { manager, health: {} })
      expect((await ask(`${url}/readyz`)).status).toBe(200)
      const stopping = manager.stop()
      expect((await ask(`${url}/readyz`)).status).toBe(503)
      expect((await ask(`${url}/livez`)).status).toBe(200)
      await stopping
    },
  ],
  [
    'a health check that hangs delays nobody: for a service that is not critical it is a warning',
    async (harness) => {
      const provider = {
        serviceName: 'hung',
        getService: () => ({ echo: (value: string) => value, ask: () => undefined }),
        checkHealth: () => new Promise<never>(() => {}),
      }
      for (const [critical, expected] of [
        [false, 200],
        [true, 503],
      ] as const) {
        // Waiting for the deadline of the service would take longer than this test may.
        const manager = managerOf({ provider, critical, timeoutMs: 60_000 })
        const url = await serve(harness, { manager, health: { timeoutMs: 20 } })
        expect((await ask(`${url}/readyz`)).status).toBe(expected)
      }
    },
  ],
  [
    'liveness calls neither services nor authorize',
    async (harness) => {
      let asked = 0
      const count = () => ++asked > 0
      const provider = {
        serviceName: 'counting',
        getService: () => (count(), { echo: (value: string) => value, ask: () => undefined }),
        checkHealth: count,
      }
      const url = await serve(harness, { manager: managerOf({ provider }), health: { authorize: count } })
      expect(await ask(`${url}/livez`)).toMatchObject({ status: 200, body: '{"status":"pass"}' })
      expect(asked).toBe(0)
    },
  ],
  [
    'HEAD is answered as GET is, without a body',
    async (harness) => {
      const url = await serve(harness, { manager: managerOf({ critical: true }, unwell()), health: {} })
      for (const name of ENDPOINTS) {
        const got = await ask(`${url}/${name}`)
        const head = await ask(`${url}/${name}`, { method: 'HEAD' })
        expect(head).toMatchObject({ status: got.status, body: '' })
        expect(head.headers['content-type']).toBe(got.headers['content-type'])
      }
    },
  ],
  [
    'other methods get 405, with the methods that are allowed',
    async (harness) => {
      const url = await serve(harness, { manager: managerOf(), health: {} })
      for (const name of ENDPOINTS) {
        for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
          const { status, headers } = await ask(`${url}/${name}`, { method })
          expect({ status, allow: headers.allow }).toEqual({ status: 405, allow: 'GET, HEAD' })
        }
      }
    },
  ],
  [
    'a response is never stored, and is application/health+json only for clients that accept it',
    async (harness) => {
      const url = await serve(harness, { manager: managerOf(), health: {} })
      for (const [accept, type] of [
        ['*/*', 'application/json'],
        ['application/*', 'application/json'],
        ['text/html, application/health+json;q=0', 'application/json'],
        ['application/health+json', 'application/health+json'],
        ['text/html, application/health+json; q=0.5', 'application/health+json'],
      ] as const) {
        const { headers } = await ask(`${url}/healthz`, { headers: { accept } })
        expect(headers['content-type']).toMatch(new RegExp(`^${type.replaceAll(/[.+]/g, '\\$&')}(;|$)`))
        expect(headers['cache-control']).toBe('no-store')
      }
    },
  ],
  [
    'the state of each service is only shown if authorize allows it',
    async (harness) => {
      const detailsFor = async (authorize?: () => boolean | Promise<boolean>) => {
        const health = { timeoutMs: 20, ...(authorize && { authorize }) }
        return detailsOf(await ask(`${await serve(harness, { manager: managerOf(), health })}/readyz`))
      }
      const details = [{ status: 'pass', healthy: true, circuitState: 'closed', critical: false }]
      expect(await detailsFor(() => true)).toEqual({ first: details, second: details })
      expect(await detailsFor(async () => true)).toEqual({ first: details, second: details })
      expect(await detailsFor()).toBeUndefined()
      expect(await detailsFor(() => false)).toBeUndefined()
      expect(await detailsFor(async () => false)).toBeUndefined()
      expect(await detailsFor(() => 'no' as never)).toBeUndefined()
      expect(await detailsFor(() => new Promise(() => {}))).toBeUndefined()
      expect(await detailsFor(() => Promise.reject(new Error('no')))).toBeUndefined()
      expect(
        await detailsFor(() => {
          throw new Error('no')
        }),
      ).toBeUndefined()
    },
  ],
  [
    'authorize gets the request of the framework',
    async (harness) => {
      const authorize = (request: unknown) =>
        (request as { headers: Record<string, string> }).headers['authorization'] === 'Bearer ok'
      const url = await serve(harness, { manager: managerOf(), health: { authorize } })
      expect(detailsOf(await ask(`${url}/healthz`))).toBeUndefined()
      expect(detailsOf(await ask(`${url}/healthz`, { headers: { authorization: 'Bearer ok' } }))).toBeDefined()
    },
  ],
  [
    'only the own paths are answered, also under a prefix',
    async (harness) => {
      const atRoot = await serve(harness, { manager: managerOf(), health: {} })
      const below = await serve(harness, { manager: managerOf(), health: {}, healthPrefix: '/internal/probes' })
      const statusOf = async (url: string) => (await ask(url)).status
      for (const name of ENDPOINTS) {
        expect(await statusOf(`${atRoot}/${name}?verbose=1`)).toBe(200)
        expect(await statusOf(`${below}/internal/probes/${name}`)).toBe(200)
        for (const path of [`${name}/`, `${name}/x`, `x/${name}`, `${name}x`, `%${name}`, `/${name}`]) {
          expect(await statusOf(`${atRoot}/${path}`)).toBeGreaterThanOrEqual(400)
        }
        expect(await statusOf(`${below}/${name}`)).toBe(404)
        expect(await statusOf(`${below}/internal/${name}`)).toBe(404)
      }
    },
  ],
]
