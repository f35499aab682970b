import type { HttpAnswer } from './exchange.ts'
import { CommandFailure, UNKNOWN_OUTCOME } from './failure.ts'
import { withoutToken } from './without-token.ts'

/** The request whose response was not 200. */
export interface RefusedRequest {
  /** The address of the management API. */
  readonly url: string
  readonly token: string | undefined
  readonly service?: string
  readonly isWrite: boolean
}

/** Says why it was refused, and what to do about it. */
export function refusalOf(answer: HttpAnswer, request: RefusedRequest): CommandFailure {
  const { status } = answer
  // A gateway may answer like this while its application restarts: a watch tries again.
  const kind = status >= 500 || status === 429 ? 'unreachable' : 'refused'
  return new CommandFailure(kind, `${status}: ${withoutToken(sentence(answer, request), request.token)}`)
}

function sentence(answer: HttpAnswer, request: RefusedRequest): string {
  const { status } = answer
  if (status >= 300 && status < 400) return redirection(answer, request)
  switch (status) {
    case 401:
      return unknownCaller(request)
    case 403:
      return `not allowed. The application's "authorize" does not let you ${request.isWrite ? 'act; nothing was done' : 'see its services'}.`
    case 404:
      return notFound(answer, request)
    case 405:
      return request.isWrite && isProblem(answer)
        ? 'the management API is read-only; nothing was done. To allow actions, set "readOnly: false" in the application.'
        : noApi(request)
    default:
      return otherwise(answer, request)
  }
}

function unknownCaller({ token }: RefusedRequest): string {
  return token === undefined
    ? 'authentication is required. Set SVCPROXY_TOKEN.'
    : 'the token in SVCPROXY_TOKEN is not accepted. It may have expired, or belong to another environment.'
}

function otherwise(answer: HttpAnswer, { isWrite }: RefusedRequest): string {
  const detail = detailOf(answer) ?? 'the server gave no reason.'
  if (!isWrite) return detail
  // A gateway error: the application may have received the request all the same.
  return answer.status < 500 ? `${detail} Nothing was done.` : `${detail} ${UNKNOWN_OUTCOME}`
}

function redirection({ headers }: HttpAnswer, { url }: RefusedRequest): string {
  const location = headers.get('Location') ?? ''
  // Without the query: login redirects put secrets there.
  const target = URL.canParse(location, url) ? new URL(location, url) : undefined
  const where = target === undefined ? 'elsewhere' : `to ${target.origin}${target.pathname}`
  return `${url} redirects ${where}. Redirects are not followed, because the token would be sent along. If that is a login page, ask for an address without one; otherwise use the address it redirects to.`
}

function notFound(answer: HttpAnswer, request: RefusedRequest): string {
  if (request.service === undefined || !isProblem(answer)) return noApi(request)
  return `there is no service '${request.service}'. "svcproxy status" lists the services.`
}

function noApi({ url }: RefusedRequest): string {
  return `there is no management API at ${url}. Use the address where the application mounts it, without "/api".`
}

function isProblem({ headers }: HttpAnswer): boolean {
  return /^application\/problem\+json\b/i.test(headers.get('Content-Type') ?? '')
}

/** The `detail` of an RFC 9457 problem. */
function detailOf(answer: HttpAnswer): string | undefined {
  if (!isProblem(answer)) return undefined
  try {
    const problem: unknown = JSON.parse(answer.body)
    const isObject = typeof problem === 'object' && problem !== null
    const detail: unknown = isObject && 'detail' in problem ? problem.detail : undefined
    return typeof detail === 'string' ? detail.slice(0, 500) : undefined
  } catch {
    return undefined
  }
}
