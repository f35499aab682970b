import { once } from 'node:events'
import { Agent, createServer, get } from 'node:http'
import type { RequestListener } from 'node:http'
import type { CallEnd } from '../tally.ts'
import type { Caller } from './caller.ts'

/** How long a browser waits for an application, in milliseconds: far longer than the application takes. */
const PATIENCE_MS = 5_000

/** Serves an application on loopback and calls it as browsers do: `GET /records/<id>`. Those who leave hang up. */
export async function browser(application: RequestListener): Promise<Caller> {
  const server = createServer(application).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('A TCP server without a port')
  const { port } = address
  const agent = new Agent({ keepAlive: true })

  return {
    call: (id, leaveAfterMs) =>
      new Promise((resolve) => {
        const path = `/records/${id}`
        const request = get({ host: '127.0.0.1', port, path, agent }, (response) => {
          response.resume().once('end', () => resolve(endOfStatus(response.statusCode)))
        })
        const left = (): void => {
          request.destroy()
          resolve(leaveAfterMs === undefined ? 'timed out' : 'left')
        }
        const leaving = setTimeout(left, leaveAfterMs ?? PATIENCE_MS)
        request.once('error', () => resolve('failed'))
        request.once('close', () => clearTimeout(leaving))
      }),
    async [Symbol.asyncDispose]() {
      agent.destroy()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function endOfStatus(status: number | undefined): CallEnd {
  if (status === 200) return 'answered'
  if (status === 404) return 'not found'
  return status === 504 ? 'timed out' : 'failed'
}
