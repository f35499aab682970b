import type { ServiceProxyManager } from '@svcproxy/core'

/** A request as every framework can tell it. `R` is the framework's own request. */
export interface HttpRequest<R = unknown> {
  /** In upper case, as the client sent it: `GET`. */
  readonly method: string
  /** The path below the mount point, as sent, without the query: `/readyz`. */
  readonly path: string
  /** By lower-case name, as Node gives them. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The path as the client sent it to the application, without the query: `/internal/readyz`. @defaultValue `path` */
  readonly target?: string
  /** What came after the `?`, without it. @defaultValue '' */
  readonly query?: string
  /** Reads the body; see {@link bodyReader}. @defaultValue there is none */
  readonly readBody?: ReadBody
  /** The framework's own request, given to the application's functions. */
  readonly original: R
}

/**
 * Reads a request's body as text; undefined when it is longer than `maxBytes`. Rejects when the client went before its
 * end.
 */
export type ReadBody = (maxBytes: number) => Promise<string | undefined>

/** What to answer. A binding writes it as it is; to a HEAD request without the body. */
export interface HttpResponse {
  /** The HTTP status code, for example 503. */
  readonly status: number
  /** One value by header name; replaces what the response already has under that name. */
  readonly headers: Readonly<Record<string, string>>
  /** A string is sent as UTF-8; an empty one means that there is no body. */
  readonly body: string | Buffer
}

/** An answer in text. */
export interface TextResponse extends HttpResponse {
  /** Always a string, never a `Buffer`. */
  readonly body: string
}

/** Answers a request, or says undefined at once: not its own. Its answer never rejects. */
export type HttpEndpoint<R> = (request: HttpRequest<R>) => Promise<HttpResponse> | undefined

/** Makes the endpoint for a manager; what a binding's `mount()` takes. */
export type EndpointFactory<R> = <M extends object>(manager: ServiceProxyManager<M>) => HttpEndpoint<R>
