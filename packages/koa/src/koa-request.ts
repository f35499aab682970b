import { bodyReader, type HttpRequest, pathOf } from '@svcproxy/http'
import type { KoaContext } from './koa-context.ts'

/** Reads only what it is asked for: most requests are for somebody else. */
export class KoaRequest implements HttpRequest<KoaContext> {
  readonly original: KoaContext

  constructor(original: KoaContext) {
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
    return this.original.querystring
  }

  get headers(): HttpRequest['headers'] {
    return this.original.headers
  }

  readBody(maxBytes: number): Promise<string | undefined> {
    const { req, request } = this.original
    return bodyReader(req, 'body' in request ? request.body : undefined)(maxBytes)
  }
}
