import { CircuitOpenError } from '@svcproxy/core'
import type { ServerResponse } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect } from 'vitest'
import { type FaultyService, faultyService, hangs, hangsUntilAborted, succeeds } from '../faulty-service.ts'
import { ask, managerOf, serve } from './application.ts'
import type { BindingContractCase, BindingHarness, ContractApp, ContractExchange, ContractRoute } from './harness.ts'

/** Sends a request, goes away when its handler is at work, and says how the handler ended. */
async function leaveDuring(
  harness: BindingHarness,
  app: ContractApp,
  work: ContractRoute['handle'],
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
          return await working
        } catch (error) {
          resolve(error)
          throw error
        }
      },
    }
    void serve(harness, { ...app, routes: [route] }).then((url) =>
      expect(ask(url, { signal: client.signal })).rejects.toThrow('aborted'),
    )
  })
  const error = await ended
  // What follows the handler's end runs in continuations of it.
  for (let turn = 0; turn < 3; turn++) await nextTurn()
  return { ended: error, written }
}

/** Notes all that is done to a response. */
function noteWrites(res: ServerResponse, written: string[]): void {
  const { writeHead, write, end } = res
  res.writeHead = (...args: unknown[]) => (written.push('writeHead'), Reflect.apply(writeHead, res, args))
  res.write = (...args: unknown[]) => (written.push('write'), Reflect.apply(write, res, args))
  res.end = (...args: unknown[]) => (written.push('end'), Reflect.apply(end, res, args))
}

/** Resolves when the client of an exchange is gone. */
function clientGone({ signal }: ContractExchange): Promise<void> {
  return new Promise((resolve) => signal().addEventListener('abort', () => resolve(), { once: true }))
}

async function untilRunning(faulty: FaultyService): Promise<void> {
  while (faulty.running === 0) await nextTurn()
}

export const clientCases: readonly BindingContractCase[] = [
  [
    'a call ends when the client goes, and the circuit does not hold it against the service',
    async (harness) => {
      const manager = managerOf({ circuit: { failureThreshold: 1 } }, faultyService({ behaviour: hangs() }))
      const { ended } = await leaveDuring(harness, { manager }, async ({ first }) => String(await first.ask()))
      expect(ended).toMatchObject({ name: 'AbortError' })
      expect(manager.getProxy('first').circuitState).toBe('closed')
      expect(manager.getAllMetrics()['first']).toMatchObject({ totalRequests: 1, inFlight: 0 })
    },
  ],
  [
    'an operation that takes the signal is told to stop when the client goes',
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
    'a call that is made after the client has gone does not reach the service',
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
    'nothing is written to a client that has gone, and the application is not bothered',
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
    'an error that is not ours reaches the application although the client has gone',
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
    'a client that goes takes no other with it',
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
    'an answered request aborts nothing: its handler may go on working',
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
