import type { ShutdownServer } from '@svcproxy/http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'

/** The part of Fastify's request that a binding needs, whatever server, schema or type provider its type names. */
export interface BoundRequest {
  /** In upper case: `GET`. */
  readonly method: string
  /** As it came from the client. */
  readonly originalUrl: string
  /** Node's request. */
  readonly raw: IncomingMessage | Http2ServerRequest
}

/** The part of Fastify's reply that a binding needs, whatever server, schema or type provider its type names. */
export interface BoundReply {
  /** Node's response. */
  readonly raw: ServerResponse | Http2ServerResponse
  /** Sets the status. */
  code(status: number): unknown
  /** Sets headers. */
  headers(headers: Record<string, string>): unknown
  /** Removes a header of Fastify's. */
  removeHeader(name: string): unknown
  /** Sends the body, after the hooks `onSend`. */
  send(body?: Buffer): unknown
  /** Tells Fastify to send nothing. */
  hijack(): unknown
}

/** How to register {@link FastifyServices.plugin}. */
export interface PluginOptions {
  /** What the services are called on the request. @defaultValue 'services' */
  readonly decorator?: string
}

/** The part of a Fastify application that its shutdown needs. */
export interface ClosableApp {
  /** Node's server. */
  readonly server: ShutdownServer
  /** Runs the application's hooks `onClose`. */
  close(): PromiseLike<unknown>
}
