import type { ServiceProxyManager } from '@svcproxy/core'

/** A request, independent of the framework. `R` is the framework's own request. */
export interface HttpRequest<R = unknown> {
  /** The method in upper case: `GET`. */
  readonly method: string
  /** The path below the mount point, without the query: `/readyz`. Not decoded. */
  readonly path: string
  /** The headers by lower-case name, as Node.js gives them. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The path as the client sent it to the application, without the query: `/internal/readyz`. @defaultValue `path` */
  readonly target?: string
  /** The query without its `?`. @defaultValue '' */
  readonly query?: string
  /** Reads the body; see {@link bodyReader}. @defaultValue there is none */
  readonly readBody?: ReadBody
  /** The framework's own request, which is passed to the application's functions. */
  readonly original: R
}

/**
 * Reads the body of a request as text; resolves to undefined if it is longer than `maxBytes`. Rejects if the client
 * disconnects before the end.
 */
export type ReadBody = (maxBytes: number) => Promise<string | undefined>

/** A response. A binding writes it as it is, without the body for a HEAD request. */
export interface HttpResponse {
  /** The HTTP status code, for example 503. */
  readonly status: number
  /** The headers by name, one value each. They replace headers that the response already has. */
  readonly headers: Readonly<Record<string, string>>
  /** A string is sent as UTF-8; an empty one means that there is no body. */
  readonly body: string | Buffer
}

/** A response with text. */
export interface TextResponse extends HttpResponse {
  /** Always a string, never a `Buffer`. */
  readonly body: string
}

/** Answers a request, or returns undefined at once if the request is not for it. The returned promise never rejects. */
export type HttpEndpoint<R> = (request: HttpRequest<R>) => Promise<HttpResponse> | undefined

/** Creates the endpoint for a manager: the argument of a binding's `mount()`. */
export type EndpointFactory<R> = <M extends object>(manager: ServiceProxyManager<M>) => HttpEndpoint<R>
