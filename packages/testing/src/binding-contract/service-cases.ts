import { isSvcproxyError, UnknownServiceError } from '@svcproxy/core'
import { expect } from 'vitest'
import { ask, managerOf, serve } from './application.ts'
import type { BindingContractCase, ContractRoute, ContractService } from './harness.ts'

const echo: ContractRoute = {
  path: '/echo',
  handle: ({ first }, { req }) => first.echo(String(req.headers['x-value'])),
}

/** Names that no service can have, because every object has them. */
const INHERITED = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'then']

export const serviceCases: readonly BindingContractCase[] = [
  [
    'a handler gets the services of its request',
    async (harness) => {
      const url = await serve(harness, { manager: managerOf(), routes: [echo] })
      expect(await ask(`${url}/echo`, { headers: { 'x-value': 'hello' } })).toMatchObject({
        status: 200,
        body: 'hello',
      })
    },
  ],
  [
    'an injected handler gets the services it named, and no others',
    async (harness) => {
      const names: ContractRoute = { path: '/', isInjected: true, handle: (services) => Object.keys(services).join() }
      const url = await serve(harness, { manager: managerOf(), routes: [{ ...echo, isInjected: true }, names] })
      expect(await ask(`${url}/echo`, { headers: { 'x-value': 'hello' } })).toMatchObject({
        status: 200,
        body: 'hello',
      })
      expect((await ask(url)).body).toBe('first')
    },
  ],
  [
    'inject rejects an unknown name when the handler is created',
    async (harness) => {
      for (const name of ['third', '', ...INHERITED]) {
        expect(() => harness.inject(managerOf(), ['first', name])).toThrow(UnknownServiceError)
      }
      expect(() => harness.inject(managerOf(), ['first', 'second'])).not.toThrow()
    },
  ],
  [
    'a name that every object has gives undefined',
    async (harness) => {
      const route: ContractRoute = {
        path: '/',
        handle: (services) =>
          INHERITED.map((name) => `${typeof Reflect.get(services, name)} ${name in services}`).join(),
      }
      const url = await serve(harness, { manager: managerOf(), routes: [route] })
      expect((await ask(url)).body).toBe(INHERITED.map(() => 'undefined false').join())
    },
  ],
  [
    'a request that did not pass the middleware gets an error that says so',
    async (harness) => {
      const errors: unknown[] = []
      const onError = (error: unknown) => errors.push(error)
      const routes = [echo, { ...echo, path: '/injected', isInjected: true }]
      const url = await serve(harness, { manager: managerOf(), routes, isBound: false, onError, errorHandler: {} })
      for (const path of ['/echo', '/injected']) expect((await ask(`${url}${path}`)).status).toBe(418)
      const { registration = 'services.middleware()' } = harness
      expect(errors).toMatchObject([
        { message: expect.stringContaining(registration) as string },
        { message: expect.stringContaining(registration) as string },
      ])
      expect(errors.some(isSvcproxyError)).toBe(false)
    },
  ],
  [
    'a separate router works under any path',
    async (harness) => {
      const routes = [echo, { ...echo, path: '/injected', isInjected: true }]
      const url = await serve(harness, { manager: managerOf(), routes, prefix: '/api/v1' })
      const headers = { 'x-value': 'hello' }
      for (const path of ['/echo', '/injected']) {
        expect(await ask(`${url}/api/v1${path}`, { headers })).toMatchObject({ status: 200, body: 'hello' })
      }
      expect((await ask(`${url}/echo`, { headers })).status).toBe(404)
    },
  ],
  [
    'two applications with two managers in one process do not mix',
    async (harness) => {
      const named = (name: string) => {
        const service: ContractService = { echo: (value) => `${name} ${value}`, ask: () => undefined }
        const provider = { serviceName: name, getService: () => service, checkHealth: () => true }
        return serve(harness, { manager: managerOf({ provider }), routes: [echo] })
      }
      const urls = await Promise.all([named('red'), named('blue')])
      const values = Array.from({ length: 20 }, (_, index) => `${index}`)
      const answers = values.map((value) => ask(`${urls[Number(value) % 2]}/echo`, { headers: { 'x-value': value } }))
      const bodies = (await Promise.all(answers)).map(({ body }) => body)
      expect(bodies).toEqual(values.map((value) => `${Number(value) % 2 === 0 ? 'red' : 'blue'} ${value}`))
    },
  ],
  [
    'concurrent requests get their own answers',
    async (harness) => {
      const url = await serve(harness, { manager: managerOf(), routes: [echo] })
      const values = Array.from({ length: 100 }, (_, index) => `value ${index}`)
      const answers = await Promise.all(values.map((value) => ask(`${url}/echo`, { headers: { 'x-value': value } })))
      expect(answers.map(({ body }) => body)).toEqual(values)
    },
  ],
  [
    '1000 concurrent requests to a failing service that is not loaded make one attempt to load it',
    async (harness) => {
      let attempts = 0
      let fail: (() => void) | undefined
      const provider = {
        serviceName: 'cold',
        getService: () => {
          attempts++
          return new Promise<never>((_, reject) => (fail = () => reject(new Error('cold'))))
        },
        checkHealth: () => true,
      }
      const manager = managerOf({ provider, circuit: { failureThreshold: 2 } })
      let waiting = 0
      const route: ContractRoute = {
        path: '/',
        handle: ({ first }) => {
          const answer = first.echo('never')
          if (++waiting === 1000) fail?.()
          return answer
        },
      }
      const url = await serve(harness, { manager, routes: [route], errorHandler: {} })
      const answers = await Promise.all(Array.from({ length: 1000 }, () => ask(url)))
      expect(answers.filter(({ status }) => status === 503)).toHaveLength(1000)
      expect(answers.filter(({ body }) => body.includes('SVCPROXY_UNAVAILABLE'))).toHaveLength(1000)
      expect(attempts).toBe(1)
      expect(manager.getProxy('first').circuitState).toBe('closed')
      expect(manager.getAllMetrics()['first']).toMatchObject({ totalRequests: 1000, failedRequests: 1000, inFlight: 0 })
    },
  ],
]
