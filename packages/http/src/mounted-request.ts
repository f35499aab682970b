import type { IncomingMessage } from 'node:http'
import { bodyReader } from './body-reader.ts'
import type { HttpRequest } from './message.ts'
import { pathOf, queryOf } from './problem.ts'

/** What the request of Express and the context of Koa have in common. */
export interface FrameworkRequest {
  /** The method in upper case: `GET`. */
  readonly method: string
  /** The path below the mount point. */
  readonly path: string
  /** Like `path`, with the query: `/events?after=7`. */
  readonly url: string
  /** As the client sent it. */
  readonly originalUrl: string
  /** The headers by lower-case name, as Node.js gives them. */
  readonly headers: HttpRequest['headers']
}

/**
 * A framework's request as an endpoint sees it. Properties are read only when they are needed: most requests are not
 * for the endpoint.
 */
export class MountedRequest<R extends FrameworkRequest> implements HttpRequest<R> {
  /** The request of Express, or the context of Koa. */
  readonly original: R
  readonly #message: IncomingMessage
  readonly #parsed: unknown

  /** @param parsed the body as a body parser of the application has parsed it; undefined: there was none */
  constructor(original: R, message: IncomingMessage, parsed: unknown) {
    this.original = original
    this.#message = message
    this.#parsed = parsed
  }

  /** The method in upper case: `GET`. */
  get method(): string {
    return this.original.method
  }

  /** The path below the mount point, without the query. */
  get path(): string {
    return this.original.path
  }

  /** The path as the client sent it, mount point included, without the query. */
  get target(): string {
    return pathOf(this.original.originalUrl)
  }

  /** The query without its `?`; empty if there is none. */
  get query(): string {
    return queryOf(this.original.url)
  }

  /** The headers by lower-case name, as Node.js gives them. */
  get headers(): HttpRequest['headers'] {
    return this.original.headers
  }

  /** Reads the body as text, see {@link bodyReader}; resolves to undefined if it is longer than `maxBytes`. */
  readBody(maxBytes: number): Promise<string | undefined> {
    return bodyReader(this.#message, this.#parsed)(maxBytes)
  }
}
