import { STATUS_CODES } from 'node:http'
import { DomainError, NotFoundError } from './domain-error.ts'
import { MAX_BODY_BYTES } from './input.ts'

/** An RFC 9457 response, independent of the framework. */
export interface Problem {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: { readonly type: string; readonly title: string; readonly status: number; readonly detail: string }
}

/** Errors of body parsers and routers, by their status. */
const REQUEST_ERRORS: Readonly<Record<number, string>> = {
  400: 'The request cannot be read: its JSON or its URL is malformed',
  404: 'Not found',
  413: `A body may have at most ${MAX_BODY_BYTES} bytes`,
  415: 'The type, charset or encoding of the body is not supported',
}

/**
 * The response to errors that are not about a service: those are answered by the binding. Details of unexpected errors
 * do not reach the client.
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
