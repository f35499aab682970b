import { type ProxySettings, ServiceProxyManager, type ServiceProvider } from '@svcproxy/core'
import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { type FaultyService, faultyService } from '../faulty-service.ts'
import { plainBreaker } from '../plain-breaker.ts'
import type { BindingHarness, ContractApp, ContractService, ContractServices } from './harness.ts'

export type ContractManager = ServiceProxyManager<ContractServices>

/** A manager with two services that do what `faulty` does; stopped when the test ends. */
export function managerOf(
  settings: ProxySettings & { readonly provider?: ServiceProvider<ContractService> } = {},
  faulty: FaultyService = faultyService(),
): ContractManager {
  const service: ContractService = { echo: (value) => value, ask: (context) => faulty.call(context) }
  const provider = { serviceName: 'service', getService: () => service, checkHealth: () => faulty.healthy }
  const manager = new ServiceProxyManager({ breaker: plainBreaker })
    .add('first', { provider, ...settings })
    .add('second', { provider })
  onTestFinished(() => manager.stop({ timeoutMs: 0 }))
  return manager
}

/** Serves an application on a socket of its own until the test ends; says where. */
export async function serve(harness: BindingHarness, app: ContractApp): Promise<string> {
  const server = createServer({ rejectNonStandardBodyWrites: true }, harness.build(app))
  await new Promise<void>((listening) => server.listen({ port: 0, host: '127.0.0.1', backlog: 2_000 }, listening))
  onTestFinished(async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
  })
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}`
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
  /** Ends the request as a client does that goes away. */
  readonly signal?: AbortSignal
}

/** Sends a request over a connection of its own. Rejects when the connection ends before the answer does. */
export function ask(
  url: string,
  { method = 'GET', headers = {}, body: sentBody, signal }: AskOptions = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false, ...(signal && { signal }) }, (response) => {
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

/** The body of an answer that is JSON. */
export function jsonOf({ body }: Answer): Record<string, unknown> {
  return JSON.parse(body) as Record<string, unknown>
}
