import { STATUS_CODES } from 'node:http'
import type { TextResponse } from './message.ts'

/** The members of an RFC 9457 problem that differ; an undefined one is left out. */
export interface Problem {
  readonly status: number
  readonly detail: string
  readonly instance?: string | undefined
  readonly code?: string
  readonly retryAfter?: number | undefined
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
