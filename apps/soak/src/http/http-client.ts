import { Agent, get } from 'node:http'
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { ClientOptions } from '../kinds.ts'
import { NotFoundError, OWN_TIMEOUT_MS } from '../records.ts'
import type { RecordsClient } from '../records.ts'
import { PING } from './protocol.ts'

/** A client of the HTTP service with connections of its own. */
export function httpClient(port: number, { name, manner }: ClientOptions): RecordsClient {
  const agent = new Agent({ keepAlive: true })

  function ask(client: string, id: number, signal: AbortSignal | undefined): Promise<number> {
    return new Promise((resolve, reject) => {
      const path = `/${encodeURIComponent(client)}/${id}`
      const request = get({ host: '127.0.0.1', port, path, agent, ...(signal && { signal }) }, (response) => {
        answerOf(response).then(resolve, fail)
      })
      const patience = manner === 'cancels' ? undefined : new Patience(request)
      function fail(error: unknown): void {
        if (manner !== 'never settles' || patience?.lost !== true) reject(asError(error))
      }
      request.once('error', fail)
      request.once('close', () => patience?.end())
    })
  }

  return {
    read: (id, signal) => ask(name, id, signal),
    ping: async (signal) => void (await ask(PING, 0, signal)),
    async end() {
      agent.destroy()
    },
  }
}

/** Hangs up on a request after a long time. */
class Patience {
  readonly #timer: NodeJS.Timeout
  /** No answer came. */
  lost = false

  constructor(request: ClientRequest) {
    this.#timer = setTimeout(() => {
      this.lost = true
      request.destroy(new Error('The HTTP service did not answer in time'))
    }, OWN_TIMEOUT_MS)
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}

async function answerOf(response: IncomingMessage): Promise<number> {
  let body = ''
  for await (const chunk of response.setEncoding('utf8')) body += String(chunk)
  if (response.statusCode === 404) throw new NotFoundError('There is no such record')
  if (response.statusCode !== 200) throw new Error(`The HTTP service answered ${response.statusCode}`)
  return Number(body)
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
