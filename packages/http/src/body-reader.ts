import type { IncomingMessage } from 'node:http'
import { finished } from 'node:stream'
import type { ReadBody } from './message.ts'

/**
 * Reads the body of Node's request for an {@link HttpRequest}: from its stream or, if a body parser of the application
 * has already read that, from the parser's result, converted back to JSON.
 * @param parsed the result of a body parser (`req.body`, `ctx.request.body`); undefined: there is none
 */
export function bodyReader(message: IncomingMessage, parsed: unknown): ReadBody {
  return async (maxBytes) => {
    // The announced length decides: what a parser made of a long body may be short.
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
  // JSON.stringify returns undefined for undefined, although its type does not say so.
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
      // The rest is read and dropped, so that the connection can carry the response and the next request.
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
