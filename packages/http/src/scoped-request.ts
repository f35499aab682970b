import type { Http2Session } from 'node:http2'
import type { Socket } from 'node:net'

/** The parts of a Node.js request, HTTP/1 or HTTP/2, that its scope uses. */
export interface ScopedRequest {
  /** Decides whether its calls abort with its client. @defaultValue none, which does not count as safe */
  readonly method?: string | undefined
  /** 2 over HTTP/2. */
  readonly httpVersionMajor?: number
  /** The socket of an HTTP/1 request. */
  readonly socket?: Socket
  /** The stream of an HTTP/2 request. */
  readonly stream?: { readonly session: Http2Session | undefined }
}
