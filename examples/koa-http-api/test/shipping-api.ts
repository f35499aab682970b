// A shipping API over real HTTP that does what it is told to.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

export const works: Handler = (request, response) => {
  const id = request.method === 'GET' ? String(request.url).split('/').at(-1) : '8'
  response.writeHead(id === 'unknown' ? 404 : 200).end(JSON.stringify({ id, state: 'on its way' }))
}
export const hangs: Handler = () => {}
export const fails = (headers: Record<string, string> = {}): Handler => {
  return (_request, response) => void response.writeHead(503, headers).end('{}')
}

export class ShippingApi {
  /** How it answers, from now on. */
  behaviour: Handler = works
  /** How it answers next, one request each. */
  readonly next: Handler[] = []
  requests = 0
  /** Requests whose client hung up before the answer. */
  hungUp = 0
  readonly #server = createServer((request, response) => {
    this.requests++
    response.once('close', () => (this.hungUp += response.writableFinished ? 0 : 1))
    const handle = this.next.shift() ?? this.behaviour
    handle(request, response)
  })

  async start(port = 0): Promise<string> {
    await once(this.#server.listen(port, '127.0.0.1'), 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  stop(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}
