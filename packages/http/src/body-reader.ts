import type { IncomingMessage } from 'node:http'
import { finished } from 'node:stream'
import type { ReadBody } from './message.ts'

/**
 * Reads the body of Node's request for an {@link HttpRequest}: from its stream or, when a body parser of the
 * application has taken that already, from what the parser made of it, written as JSON again.
 * @param parsed what a body parser left behind (`req.body`, `ctx.request.body`); undefined: there is none
 */
export function bodyReader(message: IncomingMessage, parsed: unknown): ReadBody {
  return async (maxBytes) => {
    // What was announced decides: what a parser made of a long body may be short.
    if (Number(message.headers['content-length'] ?? 0) > maxBytes) return undefined
    if (!wasRead(message)) return readStream(message, maxBytes)
    const text = asText(parsed)
    return Buffer.byteLength(text) > maxBytes ? undefined : text
  }
}

function wasRead(message: IncomingMessage): boolean {
  return message.readableDidRead || message.readableEnded
}

function asText(parsed: unknown): string {
  if (parsed instanceof Uint8Array) return Buffer.from(parsed).toString()
  // There is no JSON of undefined, whatever its type says.
  const json: string | undefined = JSON.stringify(parsed)
  return json ?? ''
}

function readStream(message: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const onData = (chunk: Buffer | string): void => {
      const bytes = Buffer.from(chunk)
      length += bytes.length
      if (length <= maxBytes) {
        chunks.push(bytes)
        return
      }
      // The rest flows on, to nobody: the connection can carry the answer, and the next request.
      message.off('data', onData)
      resolve(undefined)
    }
    finished(message, { writable: false }, (error) => {
      if (error) reject(error)
      else resolve(Buffer.concat(chunks).toString())
    })
    message.on('data', onData)
  })
}
