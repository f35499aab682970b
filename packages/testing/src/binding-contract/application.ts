import { callSignal, type ProxySettings, ServiceProxyManager, type ServiceProvider } from '@svcproxy/core'
import { type Agent, createServer, type IncomingHttpHeaders, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { type FaultyService, faultyService } from '../faulty-service.ts'
import { plainBreaker } from '../plain-breaker.ts'
import type { BindingHarness, BuiltApp, ContractApp, ContractService, ContractServices } from './harness.ts'

export type ContractManager = ServiceProxyManager<ContractServices>

/** The settings of the first service. */
export interface FirstService extends ProxySettings {
  readonly provider?: ServiceProvider<ContractService>
}

/** A manager with two services that behave like `faulty`; it is stopped when the test ends. */
export function managerOf(
  settings: FirstService = {},
  faulty: FaultyService = faultyService(),
  defaults: ProxySettings = {},
): ContractManager {
  const service: ContractService = {
    echo: (value) => value,
    ask: (context) => faulty.call(context ?? { signal: callSignal() }),
  }
  const provider = { serviceName: 'service', getService: () => service, checkHealth: () => faulty.healthy }
  const manager = new ServiceProxyManager({ breaker: plainBreaker, ...defaults })
    .add('first', { provider, ...settings })
    .add('second', { provider })
  onTestFinished(() => manager.stop({ timeoutMs: 0 }))
  return manager
}

/** Serves an application on its own socket until the test ends; returns its URL. */
export async function serve(harness: BindingHarness, app: ContractApp): Promise<string> {
  return (await start(harness, app)).url
}

export interface RunningApp extends BuiltApp {
  readonly server: Server
  readonly url: string
}

/** Like {@link serve}, but returns more. */
export async function start(harness: BindingHarness, app: ContractApp): Promise<RunningApp> {
  const built = harness.build(app)
  const server = createServer({ rejectNonStandardBodyWrites: true }, built.listener)
  await new Promise<void>((listening) => server.listen({ port: 0, host: '127.0.0.1', backlog: 2_000 }, listening))
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  })
  const { port } = server.address() as AddressInfo
  return { ...built, server, url: `http://127.0.0.1:${port}` }
}

export interface Answer {
  readonly status: number | undefined
  readonly statusMessage: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface AskOptions {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
  /** Aborts the request, as a client that disconnects. */
  readonly signal?: AbortSignal
  /** The agent whose connections are used. @defaultValue a connection of its own */
  readonly agent?: Agent
}

/** Sends a request. Rejects if the connection ends before the response does. */
export function ask(
  url: string,
  { method = 'GET', headers = {}, body: sentBody, signal, agent }: AskOptions = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: agent ?? false, ...(signal && { signal }) }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (body += chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode: status, statusMessage, headers } = response
        resolve({ status, statusMessage, headers, body })
      })
    })
    sent.on('error', reject)
    sent.end(sentBody)
  })
}

/** The body of a JSON response. */
export function jsonOf({ body }: Answer): Record<string, unknown> {
  return JSON.parse(body) as Record<string, unknown>
}
