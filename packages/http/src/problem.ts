import { STATUS_CODES } from 'node:http'
import type { TextResponse } from './message.ts'

/** The members of an RFC 9457 problem that differ; an undefined one is left out. */
export interface Problem {
  /** The HTTP status code; also the status of the response. */
  readonly status: number
  /** What went wrong, in a sentence for the client. Must hold no secrets. */
  readonly detail: string
  /** The path of the request that failed, without its query. */
  readonly instance?: string | undefined
  /** Tells problems apart in code: `SVCPROXY_TIMEOUT`, for example. */
  readonly code?: string
  /** How long the client should wait before it tries again, in whole seconds. */
  readonly retryAfter?: number | undefined
  /** The name of the service that failed. */
  readonly service?: string | undefined
}

/** `type` is `about:blank`, which says that `title` is the status's own phrase; `code` tells problems apart. */
export function problemResponse(problem: Problem, headers: Readonly<Record<string, string>>): TextResponse {
  const { status } = problem
  return {
    status,
    headers: { ...headers, 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' },
    body: JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', ...problem }),
  }
}

/** The path of a request's target, without its query, which may hold what belongs into no body and no log. */
export function pathOf(target: string): string {
  return /^[^?#]*/.exec(target)?.[0] ?? ''
}

/** What comes after the first `?` of a request's target. */
export function queryOf(target: string): string {
  return /^[^?#]*\?([^#]*)/.exec(target)?.[1] ?? ''
}
