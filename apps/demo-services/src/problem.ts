import { DomainError, NotFoundError } from './domain-error.ts'
import { MAX_BODY_BYTES } from './input.ts'

/** An RFC 9457 answer, for any framework to send. */
export interface Problem {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: { readonly title: string; readonly status: number; readonly detail: string }
}

const UNEXPECTED = 'Something went wrong on our side'

/** What body parsers and routers complain about, by the status they put on their errors. */
const REQUEST_ERRORS: Readonly<Record<number, readonly [title: string, detail: string]>> = {
  400: ['Bad Request', 'The request cannot be read: its JSON or its URL is malformed'],
  404: ['Not Found', 'There is nothing here'],
  413: ['Content Too Large', `A body has at most ${MAX_BODY_BYTES} bytes`],
  415: ['Unsupported Media Type', 'The body is not in a type, charset or encoding that can be read'],
}

/**
 * The answer to what is no trouble of a service: those are the binding's to answer. Nothing of an unexpected error
 * reaches the client.
 */
export function problemOf(error: unknown): Problem {
  if (error instanceof NotFoundError) return problem(404, 'Not Found', error.message)
  if (error instanceof DomainError) return problem(400, 'Bad Request', error.message)
  const status = requestErrorStatus(error)
  const [title, detail] = REQUEST_ERRORS[status] ?? ['Internal Server Error', UNEXPECTED]
  return problem(status, title, detail)
}

function requestErrorStatus(error: unknown): number {
  const status: unknown = error instanceof Error ? Reflect.get(error, 'status') : undefined
  return typeof status === 'number' && status in REQUEST_ERRORS ? status : 500
}

function problem(status: number, title: string, detail: string): Problem {
  return {
    status,
    headers: { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' },
    body: { title, status, detail },
  }
}
