import { CircuitOpenError, InvalidOptionError } from '@svcproxy/core'
import type { EndWithClient } from '@svcproxy/http'
import type { ServerResponse } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect } from 'vitest'
import { type FaultyService, faultyService, hangs, hangsUntilAborted, succeeds } from '../faulty-service.ts'
import { ask, managerOf, serve } from './application.ts'
import type { BindingContractCase, BindingHarness, ContractApp, ContractExchange, ContractRoute } from './harness.ts'

/**
 * Sends a request, disconnects while its handler is working, and returns how the handler ended: its error, or its
 * result.
 */
async function leaveDuring(
  harness: BindingHarness,
  app: ContractApp,
  work: ContractRoute['handle'],
  method = 'GET',
): Promise<{ readonly ended: unknown; readonly written: string[] }> {
  const client = new AbortController()
  const written: string[] = []
  const ended = new Promise<unknown>((resolve) => {
    const route: ContractRoute = {
      path: '/',
      handle: async (services, exchange) => {
        noteWrites(exchange.res, written)
        const working = work(services, exchange)
        client.abort()
        try {
          const answer = await working
          resolve(answer)
          return answer
        } catch (error) {
          resolve(error)
          throw error
        }
      },
    }
    void serve(harness, { ...app, routes: [route] }).then((url) =>
      expect(ask(url, { method, signal: client.signal })).rejects.toThrow('aborted'),
    )
  })
  const error = await ended
  // What follows the end of the handler runs in continuations.
  for (let turn = 0; turn < 3; turn++) await nextTurn()
  return { ended: error, written }
}

/** Records everything that is done to a response. */
function noteWrites(res: ServerResponse, written: string[]): void {
  const { writeHead, write, end } = res
  res.writeHead = (...args: unknown[]) => (written.push('writeHead'), Reflect.apply(writeHead, res, args))
  res.write = (...args: unknown[]) => (written.push('write'), Reflect.apply(write, res, args))
  res.end = (...args: unknown[]) => (written.push('end'), Reflect.apply(end, res, args))
}

/** Resolves when the client of an exchange has disconnected. */
function clientGone({ signal }: ContractExchange): Promise<void> {
  return new Promise((resolve) => signal().addEventListener('abort', () => resolve(), { once: true }))
}

/** The result of a payment: a charge, followed by a mark that it was paid. */
interface Payment {
  /** What the handler did: `charged`, `marked as paid`, or its error instead. */
  readonly done: string[]
  readonly faulty: FaultyService
}

/** Sends a payment and disconnects during the charge, which ends only after that, or when it is aborted. */
async function leaveDuringPayment(
  harness: BindingHarness,
  method: string,
  endWithClient?: EndWithClient,
): Promise<Payment> {
  const done: string[] = []
  const faulty = faultyService()
  const pay: ContractRoute['handle'] = async ({ first }, exchange) => {
    const gone = clientGone(exchange)
    faulty.next((call) => Promise.race([gone.then(nextTurn), hangsUntilAborted()(call)]))
    await first.ask()
    done.push('charged')
    await first.ask()
    done.push('marked as paid')
    return 'thank you'
  }
  const app = { manager: managerOf({}, faulty), ...(endWithClient !== undefined && { endWithClient }) }
  const { ended } = await leaveDuring(harness, app, pay, method)
  return { done: ended instanceof Error ? [...done, ended.name] : done, faulty }
}

async function untilRunning(faulty: FaultyService): Promise<void> {
  while (faulty.running === 0) await nextTurn()
}

export const clientCases: readonly BindingContractCase[] = [
  [
    'a call aborts when the client disconnects, and does not count as a failure of the service',
    async (harness) => {
      const manager = managerOf({ circuit: { failureThreshold: 1 } }, faultyService({ behaviour: hangs() }))
      const { ended } = await leaveDuring(harness, { manager }, async ({ first }) => String(await first.ask()))
      expect(ended).toMatchObject({ name: 'AbortError' })
      expect(manager.getProxy('first').circuitState).toBe('closed')
      expect(manager.getAllMetrics()['first']).toMatchObject({ totalRequests: 1, inFlight: 0 })
    },
  ],
  [
    'a write that has begun is completed although its client has disconnected',
    async (harness) => {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        const { done, faulty } = await leaveDuringPayment(harness, method)
        expect([method, ...done]).toEqual([method, 'charged', 'marked as paid'])
        expect(faulty).toMatchObject({ calls: 2, aborted: 0, running: 0 })
      }
    },
  ],
  [
    'a read is aborted when its client disconnects, and makes no further calls',
    async (harness) => {
      for (const method of ['GET', 'HEAD', 'OPTIONS']) {
        const { done, faulty } = await leaveDuringPayment(harness, method)
        expect([method, ...done]).toEqual([method, 'AbortError'])
        expect(faulty).toMatchObject({ calls: 1, aborted: 1, running: 0 })
      }
    },
  ],
  [
    'the application may choose that the calls of a request abort with its client always, or never',
    async (harness) => {
      for (const method of ['GET', 'POST']) {
        const always = await leaveDuringPayment(harness, method, 'always')
        expect(always.done).toEqual(['AbortError'])
        expect(always.faulty).toMatchObject({ calls: 1, aborted: 1, running: 0 })
        const never = await leaveDuringPayment(harness, method, 'never')
        expect(never.done).toEqual(['charged', 'marked as paid'])
        expect(never.faulty).toMatchObject({ calls: 2, aborted: 0, running: 0 })
      }
    },
  ],
  [
    'any other choice is rejected when the application is bound',
    (harness) => {
      for (const wrong of ['sometimes', '', null, true]) {
        const build = () => harness.build({ manager: managerOf(), endWithClient: wrong as never })
        expect(build).toThrow(InvalidOptionError)
        expect(build).toThrow(/endWithClient must be one of 'safe', 'always', 'never'; received /)
      }
      return Promise.resolve()
    },
  ],
  [
    'the signal of a request aborts when its client disconnects, for any method and whatever its calls do',
    async (harness) => {
      for (const endWithClient of ['safe', 'always', 'never'] as const) {
        for (const method of ['GET', 'POST']) {
          const app = { manager: managerOf(), endWithClient }
          const { ended } = await leaveDuring(
            harness,
            app,
            async (_, exchange) => {
              await clientGone(exchange)
              return `${(exchange.signal().reason as Error).name}, ${exchange.signal().aborted}`
            },
            method,
          )
          expect([endWithClient, method, ended]).toEqual([endWithClient, method, 'AbortError, true'])
        }
      }
    },
  ],
  [
    'a write that was ended by its own signal gets no response, and the application gets no error',
    async (harness) => {
      const errors: unknown[] = []
      const manager = managerOf({}, faultyService({ behaviour: hangsUntilAborted() }))
      const app = { manager, errorHandler: {}, onError: (error: unknown) => errors.push(error) }
      const work: ContractRoute['handle'] = async (_, exchange) => {
        const { signal } = exchange
        return String(await manager.getProxy('first').call((service) => service.ask(), { signal: signal() }))
      }
      const left = await leaveDuring(harness, app, work, 'POST')
      expect(left).toMatchObject({ ended: { name: 'AbortError' }, written: [] })
      expect(errors).toEqual([])
    },
  ],
  [
    'an operation that uses the signal is aborted when the client disconnects',
    async (harness) => {
      const faulty = faultyService({ behaviour: hangsUntilAborted() })
      const manager = managerOf({ circuit: { failureThreshold: 1 } }, faulty)
      const { ended } = await leaveDuring(harness, { manager }, async (_, exchange) => {
        const proxy = manager.getProxy('first')
        return String(await proxy.call((service, { signal }) => service.ask({ signal }), { signal: exchange.signal() }))
      })
      expect(ended).toMatchObject({ name: 'AbortError' })
      expect(faulty).toMatchObject({ calls: 1, aborted: 1, running: 0 })
      expect(manager.getProxy('first').circuitState).toBe('closed')
    },
  ],
  [
    'a call that is made after the client has disconnected does not reach the service',
    async (harness) => {
      const faulty = faultyService()
      const manager = managerOf({}, faulty)
      const { ended } = await leaveDuring(harness, { manager }, async ({ first }, exchange) => {
        await new Promise<void>((resolve) => exchange.res.once('close', () => resolve()))
        return String(await first.ask())
      })
      expect(ended).toMatchObject({ name: 'AbortError' })
      expect(faulty.calls).toBe(0)
    },
  ],
  [
    'nothing is written to a client that has disconnected, and the application gets no error',
    async (harness) => {
      const errors: unknown[] = []
      const manager = managerOf({}, faultyService({ behaviour: hangs() }))
      const app = { manager, errorHandler: {}, onError: (error: unknown) => errors.push(error) }
      const left = await leaveDuring(harness, app, async ({ first }) => String(await first.ask()))
      expect(left).toMatchObject({ ended: { name: 'AbortError' }, written: [] })
      const failed = await leaveDuring(harness, app, async (_, exchange) => {
        await clientGone(exchange)
        throw new CircuitOpenError('first')
      })
      expect(failed).toMatchObject({ ended: { name: 'CircuitOpenError' }, written: [] })
      expect(errors).toEqual([])
    },
  ],
  [
    "an error that is not the library's reaches the application although the client has disconnected",
    async (harness) => {
      const bug = new Error('a bug')
      const errors: unknown[] = []
      const app = { manager: managerOf(), errorHandler: {}, onError: (error: unknown) => errors.push(error) }
      await leaveDuring(harness, app, async (_, exchange) => {
        await clientGone(exchange)
        throw bug
      })
      expect(errors[0]).toBe(bug)
    },
  ],
  [
    'a client that disconnects does not affect other clients',
    async (harness) => {
      const faulty = faultyService({ behaviour: hangs() })
      let answer: ((value: string) => void) | undefined
      faulty.next(() => new Promise((resolve) => (answer = resolve)))
      const manager = managerOf({}, faulty)
      const routes: ContractRoute[] = [{ path: '/', handle: async ({ first }) => String(await first.ask()) }]
      const staying = ask(await serve(harness, { manager, routes }))
      await untilRunning(faulty)
      await leaveDuring(harness, { manager }, async ({ first }) => String(await first.ask()))
      answer?.('stayed')
      expect(await staying).toMatchObject({ status: 200, body: 'stayed' })
    },
  ],
  [
    'an answered request aborts nothing: its handler may continue',
    async (harness) => {
      let signal: AbortSignal | undefined
      let closed: Promise<void> | undefined
      const manager = managerOf({}, faultyService({ behaviour: succeeds('answered') }))
      const route: ContractRoute = {
        path: '/',
        handle: async ({ first }, exchange) => {
          signal = exchange.signal()
          closed = new Promise((resolve) => exchange.res.once('close', () => resolve()))
          return String(await first.ask())
        },
      }
      expect((await ask(await serve(harness, { manager, routes: [route] }))).body).toBe('answered')
      await closed
      expect(signal?.aborted).toBe(false)
    },
  ],
]
