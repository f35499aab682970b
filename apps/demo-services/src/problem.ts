import { STATUS_CODES } from 'node:http'
import { DomainError, NotFoundError } from './domain-error.ts'
import { MAX_BODY_BYTES } from './input.ts'

/** An RFC 9457 answer, for any framework to send. */
export interface Problem {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: { readonly type: string; readonly title: string; readonly status: number; readonly detail: string }
}

/** What body parsers and routers complain about, by the status they put on their errors. */
const REQUEST_ERRORS: Readonly<Record<number, string>> = {
  400: 'The request cannot be read: its JSON or its URL is malformed',
  404: 'There is nothing here',
  413: `A body has at most ${MAX_BODY_BYTES} bytes`,
  415: 'The body is not in a type, charset or encoding that can be read',
}

/**
 * The answer to what is no trouble of a service: those are the binding's to answer. Nothing of an unexpected error
 * reaches the client.
 */
export function problemOf(error: unknown): Problem {
  if (error instanceof NotFoundError) return problem(404, error.message)
  if (error instanceof DomainError) return problem(400, error.message)
  const status: unknown = error instanceof Error ? Reflect.get(error, 'status') : undefined
  const detail = typeof status === 'number' ? REQUEST_ERRORS[status] : undefined
  if (typeof status === 'number' && detail !== undefined) return problem(status, detail)
  return problem(500, 'Something went wrong on our side')
}

function problem(status: number, detail: string): Problem {
  return {
    status,
    headers: { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' },
    body: { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail },
  }
}
