import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Server as SocketServer } from 'node:net'

/** What the server does with the next requests: `hang` never answers. */
export type Behaviour = 'answer' | 'fail' | 'hang'

/** The service at the other end, as the client under test meets it and as the test sees it. */
export interface Upstream extends AsyncDisposable {
  readonly url: string
  behaviour: Behaviour
  /** What reached it, the first line of each: `GET /v1/customers`. */
  readonly requests: readonly string[]
  /** When clients left before they were answered, by `performance.now()`. */
  readonly cutAt: readonly number[]
  /** Answers those that hang. */
  answerHung(): void
  openConnections(): Promise<number>
}

/** Stripe takes an answer for an error by its `error`, whatever its status is. */
const OUT_OF_ORDER = { error: { type: 'api_error', message: 'out of order' } }

export type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void

/** An HTTP server on a free port, which answers with `answer` as long as it is well. */
export async function httpUpstream(answer: Answer): Promise<Upstream> {
  const requests: string[] = []
  const cutAt: number[] = []
  const hung: (() => void)[] = []
  const server = createServer((request, response) => void respond(request, response))
  const port = await listening(server)
  const upstream: Upstream = {
    url: `http://127.0.0.1:${port}`,
    behaviour: 'answer',
    requests,
    cutAt,
    answerHung: () => hung.splice(0).forEach((answerLate) => answerLate()),
    openConnections: () => connectionsOf(server),
    [Symbol.asyncDispose]: () => closed(server),
  }
  return upstream

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requests.push(`${request.method} ${request.url}`)
    response.on('close', () => {
      if (!response.writableFinished) cutAt.push(performance.now())
    })
    const body = await textOf(request)
    if (upstream.behaviour === 'answer') answer(request, response, body)
    else if (upstream.behaviour === 'fail') sendJson(response, OUT_OF_ORDER, 503)
    else hung.push(() => answer(request, response, body))
  }
}

export function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

export function listening(server: SocketServer): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server that listens on a port has an AddressInfo
      resolve((server.address() as AddressInfo).port)
    })
  })
}

export function connectionsOf(server: SocketServer): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))
  })
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** Empty when the client left in the middle of it. */
async function textOf(request: IncomingMessage): Promise<string> {
  const parts: string[] = []
  request.setEncoding('utf8')
  try {
    for await (const part of request) parts.push(String(part))
  } catch {
    return ''
  }
  return parts.join('')
}
