import { STATUS_CODES } from 'node:http'
import type { TextResponse } from './message.ts'

/** The variable members of an RFC 9457 problem; undefined ones are left out. */
export interface Problem {
  /** The HTTP status code; also the status of the response. */
  readonly status: number
  /** What went wrong, in a sentence for the client. Must not contain secrets. */
  readonly detail: string
  /** The path of the failed request, without its query. */
  readonly instance?: string | undefined
  /** Identifies the kind of problem: for example `SVCPROXY_TIMEOUT`. */
  readonly code?: string
  /** How long the client should wait before it tries again, in whole seconds. */
  readonly retryAfter?: number | undefined
  /** The name of the service that failed. */
  readonly service?: string | undefined
}

/**
 * `type` is `about:blank`, which means that `title` is the phrase of the status; `code` identifies the kind of problem.
 */
export function problemResponse(problem: Problem, headers: Readonly<Record<string, string>>): TextResponse {
  const { status } = problem
  return {
    status,
    headers: { ...headers, 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' },
    body: JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', ...problem }),
  }
}

/**
 * The path of a request's target, without its query: queries may contain secrets, which belong in no body and no log.
 */
export function pathOf(target: string): string {
  return /^[^?#]*/.exec(target)?.[0] ?? ''
}

/** The part of a request's target after the first `?`. */
export function queryOf(target: string): string {
  return /^[^?#]*\?([^#]*)/.exec(target)?.[1] ?? ''
}
