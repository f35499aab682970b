import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { BoundServices, DemoApp, DemoParts } from './demo-app.ts'

export interface DemoServer extends AsyncDisposable {
  readonly url: string
}

/** Options of {@link startServer}. */
export interface DemoServerOptions {
  /** The port; 0 takes a free one. */
  readonly port: number
  /** Wraps the application's listener. @defaultValue it is not wrapped */
  readonly around?: ((listener: RequestListener) => RequestListener) | undefined
}

/**
 * Only the user sends requests to a demo, so no load balancer has to notice its end: Ctrl-C stops it at once. Behind an
 * orchestrator, the defaults are right.
 */
const SHUTDOWN = { readyDelayMs: 0, timeoutMs: 2_000 }

/** Serves an application on the loopback interface. */
export async function startServer(app: DemoApp, parts: DemoParts, options: DemoServerOptions): Promise<DemoServer> {
  const { port, around = (listener) => listener } = options
  const bound: BoundServices[] = []
  const server = createServer(around(app.createListener({ ...parts, onBound: (services) => bound.push(services) })))
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('A TCP server without a port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      await Promise.all(bound.map((services) => services.shutdown(server, SHUTDOWN)))
    },
  }
}
