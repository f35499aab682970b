import {
  CapacityError,
  CircuitOpenError,
  InvalidOptionError,
  type ProxySettings,
  ServiceTimeoutError,
  ServiceUnavailableError,
  StoppedError,
  type SvcproxyError,
  UnknownServiceError,
} from '@svcproxy/core'
import { expect } from 'vitest'
import { fails, faultyService, hangs } from '../faulty-service.ts'
import { ask, jsonOf, managerOf, serve } from './application.ts'
import type { BindingContractCase, ContractApp, ContractRoute } from './harness.ts'

/** Nothing from an error's message may reach a client. */
const SECRET = 'db.internal:5432'

const TABLE: readonly (readonly [SvcproxyError, status: number, retryAfter?: number])[] = [
  [new InvalidOptionError('cacheTtlMs', 'a number', SECRET), 500],
  [new UnknownServiceError(SECRET, ['first']), 500],
  [new ServiceUnavailableError('first', SECRET, { cause: new Error(SECRET) }), 503],
  [new CircuitOpenError('first', 1_200), 503, 2],
  [new CircuitOpenError('first'), 503],
  [new ServiceTimeoutError('first', 5_000), 504],
  [new CapacityError('first', SECRET), 503, 1],
  [new StoppedError('first'), 503],
]

const asking: ContractRoute = { path: '/', handle: async ({ first }) => String(await first.ask()) }

function throwing(error: unknown): ContractRoute {
  return {
    path: '/',
    handle: () => {
      throw error
    },
  }
}

function rejecting(error: unknown, isInjected: boolean): ContractRoute {
  return { path: '/', isInjected, handle: () => Promise.reject(error) }
}

/** An application whose own error handler records the errors that reach it. */
function noting(routes: readonly ContractRoute[]): ContractApp & { readonly errors: unknown[] } {
  const errors: unknown[] = []
  return { manager: managerOf(), routes, errors, errorHandler: {}, onError: (error) => errors.push(error) }
}

const answersOfTable = TABLE.flatMap(([error, status, retryAfter]): BindingContractCase[] => [
  [
    `${error.name}${retryAfter === undefined ? '' : ' with Retry-After'} is ${status} and a problem that reveals nothing about the service`,
    async (harness) => {
      const url = await serve(harness, { manager: managerOf(), routes: [throwing(error)], errorHandler: {} })
      const answer = await ask(`${url}/?token=secret`)
      expect(answer.status).toBe(status)
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
      expect(answer.headers['cache-control']).toBe('no-store')
      expect(answer.headers['retry-after']).toBe(retryAfter === undefined ? undefined : String(retryAfter))
      const { detail, ...problem } = jsonOf(answer)
      expect(problem).toEqual({
        type: 'about:blank',
        title: { 500: 'Internal Server Error', 503: 'Service Unavailable', 504: 'Gateway Timeout' }[status],
        status,
        instance: '/',
        code: error.code,
        ...(retryAfter !== undefined && { retryAfter }),
      })
      expect(detail).toMatch(/^[A-Z].*\.$/)
      expect(answer.body).not.toMatch(/first|internal:|\.ts|secret/)
    },
  ],
  [
    `${error.name}${retryAfter === undefined ? '' : ' with Retry-After'} is ${status} without an error handler, too`,
    async (harness) => {
      const url = await serve(harness, { manager: managerOf(), routes: [throwing(error)] })
      const answer = await ask(url)
      expect(answer.status).toBe(status)
      expect(answer.headers['retry-after']).toBe(retryAfter === undefined ? undefined : String(retryAfter))
    },
  ],
])

interface RealFailure {
  readonly title: string
  readonly settings: ProxySettings
  readonly calls: number
  readonly expected: Readonly<Record<string, unknown>>
}

const realFailures = (
  [
    {
      title: 'a service that failed too often is not called again for a while',
      settings: { circuit: { failureThreshold: 1 } },
      calls: 1,
      expected: { status: 503, code: 'SVCPROXY_CIRCUIT_OPEN', retryAfter: 30, service: 'first' },
    },
    {
      title: 'a service that hangs causes a timeout',
      settings: { timeoutMs: 1 },
      calls: 0,
      expected: { status: 504, code: 'SVCPROXY_TIMEOUT', service: 'first' },
    },
    {
      title: 'a service at its capacity is busy',
      settings: { maxConcurrentCalls: 1 },
      calls: 1,
      expected: { status: 503, code: 'SVCPROXY_CAPACITY', retryAfter: 1, service: 'first' },
    },
  ] satisfies readonly RealFailure[]
).map(({ title, settings, calls, expected }: RealFailure): BindingContractCase => [
  title,
  async (harness) => {
    const faulty = faultyService({ behaviour: hangs() })
    const manager = managerOf(settings, faulty)
    if (settings.maxConcurrentCalls === undefined) faulty.next(...Array.from({ length: calls }, () => fails()))
    for (let call = 0; call < calls; call++) {
      const answer = manager.services.first.ask().catch(() => undefined)
      if (settings.maxConcurrentCalls === undefined) await answer
    }
    const url = await serve(harness, { manager, routes: [asking], errorHandler: { exposeServiceName: true } })
    expect(jsonOf(await ask(url))).toMatchObject(expected)
  },
])

export const errorCases: readonly BindingContractCase[] = [
  ...answersOfTable,
  ...realFailures,
  [
    'while a manager stops, its services are unavailable',
    async (harness) => {
      const manager = managerOf()
      const url = await serve(harness, { manager, routes: [asking], errorHandler: {} })
      await manager.stop()
      const answer = await ask(url)
      expect(answer.status).toBe(503)
      expect(jsonOf(answer)).toMatchObject({ code: 'SVCPROXY_STOPPED' })
    },
  ],
  [
    'the error of the service itself reaches the application as the same object',
    async (harness) => {
      const outOfStock = Object.assign(new Error('out of stock'), { status: 409 })
      const app = { ...noting([asking]), manager: managerOf({}, faultyService({ behaviour: fails(outOfStock) })) }
      expect((await ask(await serve(harness, app))).status).toBe(418)
      expect(app.errors).toEqual([outOfStock])
      expect(app.errors[0]).toBe(outOfStock)
    },
  ],
  [
    "an error that is not the library's passes through unchanged, however it was thrown",
    async (harness) => {
      for (const error of [new Error('unknown'), Object.assign(new Error('teapot'), { status: 418 })]) {
        const { message } = error
        for (const route of [throwing(error), rejecting(error, false), rejecting(error, true)]) {
          const app = noting([route])
          expect((await ask(await serve(harness, app))).status).toBe(418)
          expect(app.errors[0]).toBe(error)
          expect(Object.keys(error)).toEqual('status' in error ? ['status'] : [])
          expect(error.message).toBe(message)
        }
      }
    },
  ],
  [
    'an injected handler that rejects without a reason has failed, too',
    async (harness) => {
      const app = noting([rejecting(undefined, true)])
      expect((await ask(await serve(harness, app))).status).toBe(418)
      expect(app.errors).toHaveLength(1)
    },
  ],
  [
    'a rejection of an injected handler is answered like one of any handler',
    async (harness) => {
      const routes = [rejecting(new CircuitOpenError('first', 1_000), true)]
      const url = await serve(harness, { manager: managerOf(), routes, errorHandler: {} })
      expect(await ask(url)).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    },
  ],
  [
    'an error after the headers were sent passes through, and adds nothing to the response',
    async (harness) => {
      const late = new CircuitOpenError('first', 1_000)
      let reached: ((error: unknown) => void) | undefined
      const noted = new Promise((resolve) => (reached = resolve))
      const route: ContractRoute = {
        path: '/',
        handle: async (_, { res }) => {
          await new Promise<void>((written) => {
            res.writeHead(200, { 'Content-Type': 'text/plain' })
            res.write('part', () => written())
          })
          throw late
        },
      }
      const app = { manager: managerOf(), routes: [route], errorHandler: {}, onError: (e: unknown) => reached?.(e) }
      await expect(ask(await serve(harness, app))).rejects.toThrow('aborted')
      expect(await noted).toBe(late)
    },
  ],
  [
    'a problem replaces a body that was prepared, and leaves the other headers unchanged',
    async (harness) => {
      const route: ContractRoute = {
        path: '/',
        handle: (_, { res }) => {
          for (const name of ['Content-Encoding', 'ETag', 'Content-Disposition']) res.setHeader(name, 'begun')
          res.setHeader('Content-Length', '100000')
          res.statusMessage = 'Fine'
          res.setHeader('Access-Control-Allow-Origin', 'https://example.org')
          throw new StoppedError('first')
        },
      }
      const url = await serve(harness, { manager: managerOf(), routes: [route], errorHandler: {} })
      const answer = await ask(url)
      const { headers, statusMessage } = answer
      expect(statusMessage).toBe('Service Unavailable')
      expect(jsonOf(answer)).toMatchObject({ code: 'SVCPROXY_STOPPED' })
      expect(headers).toMatchObject({ 'access-control-allow-origin': 'https://example.org' })
      expect(Object.values(headers)).not.toContain('begun')
    },
  ],
  [
    'a HEAD request has the headers of a problem and no body',
    async (harness) => {
      const routes = [throwing(new CircuitOpenError('first', 1_000))]
      const url = await serve(harness, { manager: managerOf(), routes, errorHandler: {} })
      const answer = await ask(url, { method: 'HEAD' })
      expect(answer).toMatchObject({ status: 503, body: '', headers: { 'retry-after': '1' } })
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
    },
  ],
]
