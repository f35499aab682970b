import type { HttpRequest } from '../message.ts'

/** The header that every action needs. A page of another origin cannot set it without a CORS preflight. */
const ACTION_HEADER = 'x-svcproxy-action'

type Headers = HttpRequest['headers']

/**
 * Whether an action is intended: it comes from a page of this host, from a page of a trusted origin, or from no page at
 * all. A header that was sent twice is a list, and a list never equals the expected value.
 */
export function isMeant(headers: Headers, trustedOrigins: ReadonlySet<string>): boolean {
  return headers[ACTION_HEADER] === '1' && comesFromOwnPage(headers, trustedOrigins)
}

function comesFromOwnPage(headers: Headers, trustedOrigins: ReadonlySet<string>): boolean {
  const { origin, host, 'sec-fetch-site': site } = headers
  if (typeof origin === 'string' && trustedOrigins.has(origin)) return true
  if (site !== undefined) return site === 'same-origin'
  // Browsers send at least one of the two with an action.
  if (origin === undefined) return true
  return typeof origin === 'string' && typeof host === 'string' && isOriginOf(host, origin)
}

function isOriginOf(host: string, origin: string): boolean {
  if (!URL.canParse(origin)) return false
  const { protocol, host: originHost } = new URL(origin)
  // Parsed like the origin, so that a default port may be given or not.
  const own = `${protocol}//${host}`
  return originHost !== '' && URL.canParse(own) && new URL(own).host === originHost
}
