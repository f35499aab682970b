import type { ShutdownOptions } from '@svcproxy/http'
import { once } from 'node:events'
import { Agent } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'
import { type FaultyService, faultyService } from '../faulty-service.ts'
import { ManualClock } from '../manual-clock.ts'
import { type Answer, ask, type ContractManager, jsonOf, managerOf, type RunningApp, start } from './application.ts'
import type { BindingHarness, ContractRoute } from './harness.ts'

const LIMITS: ShutdownOptions = { readyDelayMs: 300, timeoutMs: 1_000 }

export interface EndingApp extends RunningApp {
  readonly manager: ContractManager
  readonly faulty: FaultyService
  /** The clock of the manager, and so of the shutdown. */
  readonly clock: ManualClock
  /** Calls the binding's {@link RunningApp.shutdown} for the server, and records whether it is done. */
  readonly end: (options?: ShutdownOptions) => { readonly done: Promise<void>; readonly isDone: () => boolean }
}

const routes: readonly ContractRoute[] = [
  { path: '/', handle: async ({ first }) => String(await first.ask()) },
  { path: '/echo', handle: ({ first }) => first.echo('works') },
  {
    path: '/broken',
    handle: () => {
      throw new Error('broken')
    },
  },
  {
    path: '/streamed',
    handle: async ({ first }, { res }) => {
      await new Promise<void>((written) => {
        res.writeHead(200, { 'Content-Length': '8' })
        res.write('part', () => written())
      })
      await first.ask()
      res.end('last')
      return once(res, 'close').then(() => '')
    },
  },
]

export async function startEnding(harness: BindingHarness): Promise<EndingApp> {
  const clock = new ManualClock()
  const faulty = faultyService()
  const manager = managerOf({}, faulty, { clock })
  const app = await start(harness, { manager, routes, health: {}, onError: () => undefined })
  app.server.keepAliveTimeout = 600_000
  const end: EndingApp['end'] = (options = LIMITS) => {
    let isDone = false
    const done = app.shutdown(app.server, options)
    void done.then(() => (isDone = true))
    return { done, isDone: () => isDone }
  }
  return { ...app, manager, faulty, clock, end }
}

export interface RequestUnderWay {
  readonly answer: Promise<Answer>
  /** Makes its service answer. */
  readonly finish: () => void
}

/** A request that is in flight in its service until {@link RequestUnderWay.finish} is called. */
export async function underWay({ url, faulty }: EndingApp, path = '/', agent?: Agent): Promise<RequestUnderWay> {
  let finish = (): void => {}
  faulty.next(() => new Promise((resolve) => (finish = () => resolve('answered'))))
  const calls = faulty.calls
  const answer = ask(`${url}${path}`, agent && { agent })
  answer.catch(() => undefined)
  while (faulty.calls === calls) await nextTurn()
  return { answer, finish: () => finish() }
}

/** An agent that keeps one connection; it is destroyed when the test ends. */
export function keeping(): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  return agent
}

/** A connection of a client that sends nothing by itself. */
export async function connection({ server }: RunningApp): Promise<Socket> {
  const accepted = once(server, 'connection')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  await accepted
  return socket
}

/** A connection that was upgraded to another protocol. */
export async function upgraded(app: RunningApp): Promise<Socket> {
  app.server.once('upgrade', (_request, socket: Socket) => {
    socket.on('error', () => undefined)
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: own\r\nConnection: Upgrade\r\n\r\n')
  })
  const socket = await connection(app)
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: own\r\nConnection: Upgrade\r\n\r\n')
  await once(socket, 'data')
  socket.resume()
  return socket
}

/** `200 pass, 503 fail, 200 fail` of livez, readyz, healthz. */
export async function health({ url }: RunningApp): Promise<string> {
  const answers = await Promise.all(['livez', 'readyz', 'healthz'].map((name) => ask(`${url}/${name}`)))
  return answers.map((answer) => `${answer.status} ${String(jsonOf(answer)['status'])}`).join(', ')
}

export async function refused({ url }: RunningApp): Promise<void> {
  await expect(ask(`${url}/echo`)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
}

export async function openConnections({ server }: RunningApp): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)))
}

/** Lets time pass, and waits for its effects on sockets until `wanted` returns true. */
export async function pass({ clock }: EndingApp, ms: number, wanted: () => boolean = () => true): Promise<void> {
  await clock.advanceAsync(ms)
  while (!wanted()) await nextTurn()
}
