import {
  bodyReader,
  clearRepresentation,
  type HttpEndpoint,
  type HttpRequest,
  type HttpResponse,
  pathOf,
  queryOf,
} from '@svcproxy/http'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { ServerResponse, STATUS_CODES } from 'node:http'
import type { BoundReply, BoundRequest } from './framework.ts'

/** An endpoint as routes of a plugin of its own; what it does not answer is not found. */
export function endpointPlugin(answer: HttpEndpoint<FastifyRequest>, paths: readonly string[]): FastifyPluginAsync {
  return async (instance) => {
    const depth = instance.prefix.split('/').filter(Boolean).length
    // The endpoint itself reads the body: after it has asked who sends it, and no more than it takes.
    instance.removeAllContentTypeParsers()
    instance.addContentTypeParser('*', (_request, _body, parsed) => parsed(null))
    for (const path of paths) {
      instance.all(path, async (request, reply) => {
        const response = await answer(requestOf(request, depth))
        if (response === undefined) reply.callNotFound()
        else send(request, reply, response)
        return reply
      })
    }
  }
}

/** @param depth how many segments of the path are the prefix */
function requestOf(request: FastifyRequest, depth: number): HttpRequest<FastifyRequest> {
  const { method, url, originalUrl, headers, raw, body } = request
  const path = `/${pathOf(url)
    .split('/')
    .slice(depth + 1)
    .join('/')}`
  const [query, target] = [queryOf(url), pathOf(originalUrl)]
  return { method, path, query, target, headers, readBody: bodyReader(raw, body), original: request }
}

/** Sends a response in the place of one that was begun, as it is: Fastify adds a charset to the type of a string. */
export function send(request: BoundRequest, reply: BoundReply, { status, headers, body }: HttpResponse): void {
  // Fastify keeps headers of its own; its older versions leave those of Node's response.
  for (const headed of [reply, reply.raw]) clearRepresentation(headed)
  // HTTP/2 has none, and Node warns of those who set it.
  if (reply.raw instanceof ServerResponse) reply.raw.statusMessage = STATUS_CODES[status] ?? ''
  reply.code(status)
  reply.headers({ ...headers })
  if (request.method === 'HEAD' || body.length === 0) reply.send()
  else reply.send(Buffer.from(body))
}
