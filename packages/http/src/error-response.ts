import { type ErrorCode, isSvcproxyError, type SvcproxyError } from '@svcproxy/core'
import type { TextResponse } from './message.ts'
import { pathOf, problemResponse } from './problem.ts'

/** What an application may choose for error responses. */
export interface ErrorHandlerOptions {
  /** Adds the member `service`, the name of the service that failed. @defaultValue false */
  readonly exposeServiceName?: boolean
}

/** Options of {@link errorResponse}. */
export interface ErrorResponseOptions extends ErrorHandlerOptions {
  /** The target of the failed request; its path becomes the member `instance`. @defaultValue none */
  readonly instance?: string | undefined
}

/** What a client may know. The service's own message and its host are for logs only. */
const DETAILS: Readonly<Record<ErrorCode, string>> = {
  SVCPROXY_INVALID_OPTION: 'The application is misconfigured.',
  SVCPROXY_UNKNOWN_SERVICE: 'The application is misconfigured.',
  SVCPROXY_UNAVAILABLE: 'A required service is unavailable.',
  SVCPROXY_CIRCUIT_OPEN: 'A required service is unavailable and is given time to recover.',
  SVCPROXY_TIMEOUT: 'A required service took too long to answer.',
  SVCPROXY_CAPACITY: 'A required service is busy.',
  SVCPROXY_STOPPED: 'The application is stopping.',
}

/**
 * The response for an error of this library, from any copy of it: `application/problem+json` (RFC 9457) with
 * `type, title, status, detail, instance, code, retryAfter`. Undefined for every other error: those are the
 * application's own.
 */
export function errorResponse(error: unknown, options: ErrorResponseOptions = {}): TextResponse | undefined {
  if (!isSvcproxyError(error)) return undefined
  const { code, status, retryAfterMs } = error
  const problem = {
    status,
    detail: detailOf(code),
    instance: options.instance === undefined ? undefined : pathOf(options.instance),
    code,
    retryAfter: retryAfterMs === undefined ? undefined : Math.ceil(retryAfterMs / 1000),
    service: options.exposeServiceName === true ? serviceNameOf(error) : undefined,
  }
  return problemResponse(problem, error.headers)
}

/** Another copy of core may know codes that this one does not. */
function detailOf(code: string): string {
  const details: Readonly<Record<string, string | undefined>> = DETAILS
  return details[code] ?? 'A required service failed.'
}

function serviceNameOf(error: SvcproxyError): string | undefined {
  return 'serviceName' in error && typeof error.serviceName === 'string' ? error.serviceName : undefined
}
