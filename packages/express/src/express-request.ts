import { bodyReader, type HttpRequest, pathOf, queryOf } from '@svcproxy/http'
import type { Request } from 'express'

/** Reads only what it is asked for: most requests are for somebody else. */
export class ExpressRequest implements HttpRequest<Request> {
  readonly original: Request

  constructor(original: Request) {
    this.original = original
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
    const parsed: unknown = this.original.body
    return bodyReader(this.original, parsed)(maxBytes)
  }
}
