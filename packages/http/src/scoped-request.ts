import type { Http2Session } from 'node:http2'
import type { Socket } from 'node:net'

/** A request of Node, HTTP/1 or HTTP/2, as far as its scope looks at it. */
export interface ScopedRequest {
  /** Says whether its calls end with its client. @defaultValue none that is known to be safe */
  readonly method?: string | undefined
  /** 2 over HTTP/2. */
  readonly httpVersionMajor?: number
  /** That of HTTP/1. */
  readonly socket?: Socket
  /** That of HTTP/2. */
  readonly stream?: { readonly session: Http2Session | undefined }
}
