import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { factoryProvider, ServiceProxyManager } from '@svcproxy/core'
import { joinFleet, type FleetStore } from '@svcproxy/fleet'
import {
  bodyReader,
  type HttpEndpoint,
  type HttpRequest,
  managementEndpoints,
  type ManagementOptions,
} from '@svcproxy/http'
import { ManualClock, plainBreaker } from '@svcproxy/testing'
import { onTestFinished } from 'vitest'

interface Service {
  ask(): Promise<string>
}

interface Services {
  readonly fleet: Service
  /** Critical. */
  readonly flags: Service
  /** Without a circuit. */
  readonly plain: Service
}

/** What the services do when they are asked. */
interface Behaviour {
  healthy: boolean
  fails: boolean
  message: string
  /** They answer when it resolves. */
  until?: Promise<void>
}

/** A server of a test. */
export interface Serving {
  readonly url: string
  /** Closes it, and all connections. */
  readonly stop: () => Promise<void>
  /** Opens it again, where it was. */
  readonly resume: () => Promise<void>
}

/** A process with services and its management API. */
export interface OperatedProcess extends Serving {
  readonly manager: ServiceProxyManager<Services>
  /** What answers its requests. */
  readonly listener: RequestListener
  /** The services' clock. */
  readonly clock: ManualClock
  readonly behaviour: Behaviour
  /** The requests that came. */
  readonly seen: readonly IncomingMessage[]
  /** Opens the circuit of the first service. */
  readonly breakFleet: () => Promise<void>
  /** Adds a service of one place and a queue of two; its `ask` is tried again, but its budget allows no retry. */
  readonly addOrders: (ask: Service['ask']) => Service
}

/** The fleet `shop`, that a process is to join; its members have one clock. The circuit of its first service is shared. */
interface FleetSetting {
  readonly clock: ManualClock
  readonly store: FleetStore
  readonly label: string
}

export interface ProcessSetting {
  /** @defaultValue none */
  readonly fleet?: FleetSetting
  /** It answers as before there were fleets: not which process it is, nor whether another one was meant. @defaultValue false */
  readonly isOld?: boolean
}

/** Serves the management API of three services below `/ops`, until the test ends; alice may do everything. */
export async function operated(
  options: Partial<ManagementOptions<IncomingMessage>> = {},
  { fleet, isOld = false }: ProcessSetting = {},
): Promise<OperatedProcess> {
  const behaviour: Behaviour = { healthy: true, fails: false, message: 'it is down' }
  const clock = fleet?.clock ?? new ManualClock()
  const manager = managerOf(behaviour, clock)
  onTestFinished(() => manager.stop({ timeoutMs: 0 }))
  const seen: IncomingMessage[] = []
  const answer = answering(manager, options, isOld ? answeredAsBefore : (endpoint, request) => endpoint(request))
  const listener: RequestListener = (request, response) => {
    seen.push(request)
    // A snapshot serves for two seconds: whoever asks next is to see what has happened. And an answer takes its time.
    void clock.advanceAsync(2_000).then(() => {
      answer(request, response)
      return clock.advanceAsync(20)
    })
  }
  if (fleet !== undefined) await join(manager, fleet)
  const serving = await serve(listener)
  const addOrders = (ask: Service['ask']): Service =>
    manager.createProxy('orders', {
      provider: factoryProvider<Service>('orders', { create: () => ({ ask }) }),
      circuit: false,
      timeoutMs: 60_000, // each look takes two seconds of the clock
      methods: { ask: { retry: true } },
      retryBudget: { ratio: 0, minPerSecond: 0 },
      maxConcurrentCalls: 1,
      maxQueuedCalls: 2,
    }).service
  return {
    ...serving,
    addOrders,
    url: `${serving.url}/ops`,
    manager,
    listener,
    clock,
    behaviour,
    seen,
    async breakFleet() {
      behaviour.fails = true
      for (let call = 0; call < 2; call++) await manager.services.fleet.ask().catch(() => undefined)
    },
  }
}

async function join(manager: ServiceProxyManager<Services>, { clock, store, label }: FleetSetting): Promise<void> {
  const joining = joinFleet(manager, { store, label, namespace: 'shop', circuits: ['fleet'] })
  await clock.advanceAsync(20)
  const fleet = await joining
  onTestFinished(async () => {
    const leaving = fleet.leave()
    await clock.advanceAsync(1_000)
    await leaving
  })
}

function managerOf(behaviour: Behaviour, clock: ManualClock): ServiceProxyManager<Services> {
  const provider = factoryProvider<Service>('service', {
    create: () => ({
      async ask() {
        await behaviour.until
        if (behaviour.fails) throw Object.assign(new Error(behaviour.message), { code: 'ECONNREFUSED' })
        return 'answer'
      },
    }),
    checkHealth: () => behaviour.healthy,
  })
  return new ServiceProxyManager({ breaker: plainBreaker, clock })
    .add('fleet', { provider, circuit: { failureThreshold: 2 } })
    .add('flags', { provider, critical: true })
    .add('plain', { provider, circuit: false })
}

type Endpoint = HttpEndpoint<IncomingMessage>
type Answer = (endpoint: Endpoint, request: HttpRequest<IncomingMessage>) => ReturnType<Endpoint>

/** What came with fleets. */
const NEW_MEMBERS = new Set(['fleet', 'heldBy', 'cause', 'scope'])

const answeredAsBefore: Answer = (endpoint, request) => {
  const { 'x-svcproxy-instance': _meant, 'accept-encoding': _encoding, ...headers } = request.headers
  return endpoint({ ...request, headers })?.then((answer) => {
    const { 'X-Svcproxy-Instance': _own, ...rest } = answer.headers
    const text = String(answer.body)
    const json: unknown =
      text === '' ? undefined : JSON.parse(text, (key, value: unknown) => (NEW_MEMBERS.has(key) ? undefined : value))
    return { ...answer, headers: rest, body: JSON.stringify(json) ?? '' }
  })
}

function answering(
  manager: ServiceProxyManager<Services>,
  options: Partial<ManagementOptions<IncomingMessage>>,
  answerOf: Answer,
): RequestListener {
  const endpoint = managementEndpoints(manager, {
    authorize: (_request: IncomingMessage) => ({ actor: 'alice' }),
    readOnly: false,
    environment: 'production',
    instanceId: 'a1b2c3d4',
    redact: String,
    ...options,
  })
  return (request, response) => {
    const { method = '', headers, url = '' } = request
    const [path = '', query = ''] = url.split('?')
    const readBody = bodyReader(request, undefined)
    const answer = path.startsWith('/ops/')
      ? answerOf(endpoint, { method, path: path.slice('/ops'.length), headers, query, readBody, original: request })
      : undefined
    if (answer === undefined) response.writeHead(404).end('<h1>Not here</h1>')
    else void answer.then((found) => response.writeHead(found.status, found.headers).end(found.body))
  }
}

/** Serves until the test ends. */
export async function serve(listener: RequestListener): Promise<Serving> {
  const server = createServer(listener)
  await listen(server, 0)
  onTestFinished(() => close(server))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error(`No port: ${address}`)
  const { port } = address
  return { url: `http://127.0.0.1:${port}`, stop: () => close(server), resume: () => listen(server, port) }
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
