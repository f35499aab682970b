import { ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'

/**
 * Each of these events has a request and its response. Adding the only listener of one would change how Node.js
 * behaves.
 */
const REQUEST_EVENTS = ['request', 'checkContinue', 'checkExpectation'] as const

/**
 * Makes all HTTP/1 responses of a server say `Connection: close` from now on: those to new requests, and those in
 * flight over `sockets` whose headers were not sent. HTTP/2 has no such header; its responses stay as they are.
 * @returns a function that ends it for later requests
 */
export function announceEnd(server: Server, sockets: Iterable<Socket>): () => void {
  for (const socket of sockets) hangUpAfter(answerUnderWay(socket))
  const listener = (_request: unknown, response: unknown): void => hangUpAfter(response)
  const events = REQUEST_EVENTS.filter((event) => server.listenerCount(event) > 0)
  for (const event of events) server.prependListener(event, listener)
  return () => events.forEach((event) => server.off(event, listener))
}

/** `_httpMessage` is not documented. A response that is not found costs its client nothing: the next one says it. */
function answerUnderWay(socket: Socket): unknown {
  return Reflect.get(socket, '_httpMessage')
}

/** Sets the header when the headers are sent, because error handlers such as Koa's remove all that were set before. */
function hangUpAfter(response: unknown): void {
  if (!(response instanceof ServerResponse) || response.headersSent) return
  const writeHead = response.writeHead.bind(response)
  response.writeHead = (...given: unknown[]) => {
    const last = given.at(-1)
    if (typeof last === 'object' && last !== null) given.splice(-1, 1, closing(last))
    else if (!response.headersSent) response.setHeader('Connection', 'close')
    Reflect.apply(writeHead, undefined, given)
    return response
  }
}

/** Headers as `writeHead` accepts them: by name, or as a list of names and values, or of pairs. */
function closing(headers: object): object {
  if (!Array.isArray(headers))
    return { ...Object.fromEntries(Object.entries(headers).filter(isOther)), Connection: 'close' }
  const given: readonly unknown[] = headers
  if (Array.isArray(given[0])) return [...given.filter(isOther), ['Connection', 'close']]
  return [...given.filter((_, index) => isOther([given[index - (index % 2)]])), 'Connection', 'close']
}

function isOther(header: unknown): boolean {
  return !Array.isArray(header) || String(header[0]).toLowerCase() !== 'connection'
}
