/** A request as every framework can tell it. `R` is the framework's own request. */
export interface HttpRequest<R = unknown> {
  readonly method: string
  /** The path below the mount point, as sent, without the query: `/readyz`. */
  readonly path: string
  /** By lower-case name, as Node gives them. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The framework's own request, given to the application's functions. */
  readonly original: R
}

/** What to answer. A binding writes it as it is; to a HEAD request without the body. */
export interface HttpResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Answers a request, or says undefined at once: not its own. Its answer never rejects. */
export type HttpEndpoint<R> = (request: HttpRequest<R>) => Promise<HttpResponse> | undefined
