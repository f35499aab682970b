// CHANGE (types): these are the types of connect, and of all that is built like it. A binding imports those of its
// framework with `import type`, names the framework in `peerDependencies`, and needs this file no more.
import type { IncomingMessage, ServerResponse } from 'node:http'

/** What a handler is given of a request. */
export interface TemplateRequest extends IncomingMessage {
  /** As it came from the client. `url` is that below the mount path. */
  readonly originalUrl?: string | undefined
  /** What a body parser of the application made of the body. */
  readonly body?: unknown
}

/** What a handler answers with. */
export type TemplateResponse = ServerResponse

/** Goes on to the next handler or, with an error, to the next error handler. */
export type TemplateNext = (error?: unknown) => void

/** What an application registers. */
export type TemplateHandler = (req: TemplateRequest, res: TemplateResponse, next: TemplateNext) => void
