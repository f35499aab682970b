import type { IncomingMessage } from 'node:http'
import { bodyReader } from './body-reader.ts'
import type { HttpRequest } from './message.ts'
import { pathOf, queryOf } from './problem.ts'

/** What the request of Express and the context of Koa have in common. */
export interface FrameworkRequest {
  /** In upper case: `GET`. */
  readonly method: string
  /** Below where it is mounted. */
  readonly path: string
  /** Like `path`, with the query: `/events?after=7`. */
  readonly url: string
  /** As it came from the client. */
  readonly originalUrl: string
  /** By lower-case name, as Node gives them. */
  readonly headers: HttpRequest['headers']
}

/** A framework's request as an endpoint sees it. Reads only what it is asked for: most requests are for somebody else. */
export class MountedRequest<R extends FrameworkRequest> implements HttpRequest<R> {
  /** The request of Express, or the context of Koa. */
  readonly original: R
  readonly #message: IncomingMessage
  readonly #parsed: unknown

  /** @param parsed what a body parser of the application made of the body; undefined: there was none */
  constructor(original: R, message: IncomingMessage, parsed: unknown) {
    this.original = original
    this.#message = message
    this.#parsed = parsed
  }

  /** In upper case: `GET`. */
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

  /** What comes after the `?`, without it; empty when there is none. */
  get query(): string {
    return queryOf(this.original.url)
  }

  /** By lower-case name, as Node gives them. */
  get headers(): HttpRequest['headers'] {
    return this.original.headers
  }

  /** Reads the body as text, see {@link bodyReader}; undefined when it is longer than `maxBytes`. */
  readBody(maxBytes: number): Promise<string | undefined> {
    return bodyReader(this.#message, this.#parsed)(maxBytes)
  }
}
