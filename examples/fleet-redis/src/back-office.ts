// What the shop depends on, for you to take down.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export class BackOffice {
  isDown = false
  prices = { bread: 390, coffee: 850 }
  requests = 0
  readonly #server = createServer((request, response) => {
    this.requests++
    if (this.isDown) response.writeHead(503).end()
    else response.end(JSON.stringify(request.method === 'POST' ? { receipt: request.url } : this.prices))
  })

  async start(): Promise<string> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  stop(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}
