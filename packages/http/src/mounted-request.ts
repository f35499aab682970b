import type { IncomingMessage } from 'node:http'
import { bodyReader } from './body-reader.ts'
import type { HttpRequest } from './message.ts'
import { pathOf, queryOf } from './problem.ts'

/** What the request of Express and the context of Koa have in common. */
export interface FrameworkRequest {
  readonly method: string
  /** Below where it is mounted. */
  readonly path: string
  readonly url: string
  /** As it came from the client. */
  readonly originalUrl: string
  readonly headers: HttpRequest['headers']
}

/** A framework's request as an endpoint sees it. Reads only what it is asked for: most requests are for somebody else. */
export class MountedRequest<R extends FrameworkRequest> implements HttpRequest<R> {
  readonly original: R
  readonly #message: IncomingMessage
  readonly #parsed: unknown

  /** @param parsed what a body parser of the application made of the body; undefined: there was none */
  constructor(original: R, message: IncomingMessage, parsed: unknown) {
    this.original = original
    this.#message = message
    this.#parsed = parsed
  }

  get method(): string {
    return this.original.method
  }

  get path(): string {
    return this.original.path
  }

  get target(): string {
    return pathOf(this.original.originalUrl)
  }

  get query(): string {
    return queryOf(this.original.url)
  }

  get headers(): HttpRequest['headers'] {
    return this.original.headers
  }

  readBody(maxBytes: number): Promise<string | undefined> {
    return bodyReader(this.#message, this.#parsed)(maxBytes)
  }
}
