import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'

export interface DemoServer extends AsyncDisposable {
  readonly url: string
}

/** How long requests under way may take to end when the server stops, in milliseconds. */
const DRAIN_MS = 2_000

/** Listens on the loopback interface; port 0 takes a free one. */
export async function startServer(listener: RequestListener, port: number): Promise<DemoServer> {
  const server = createServer(listener)
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('A TCP server without a port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    /** Takes no new connections, lets requests under way end, then hangs up. */
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      const impatience = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
      await closed
      clearTimeout(impatience)
    },
  }
}
