import type { HttpRequest } from '../message.ts'

/** The header that every action carries. A page of another origin cannot set it without being asked about first. */
const ACTION_HEADER = 'x-svcproxy-action'

type Headers = HttpRequest['headers']

/**
 * Whether an action is meant: it comes from a page of this very host, from a page that is trusted, or from no page at
 * all. Whatever was sent twice is a list, and no list is equal to what is expected.
 */
export function isMeant(headers: Headers, trustedOrigins: ReadonlySet<string>): boolean {
  return headers[ACTION_HEADER] === '1' && comesFromOwnPage(headers, trustedOrigins)
}

function comesFromOwnPage(headers: Headers, trustedOrigins: ReadonlySet<string>): boolean {
  const { origin, host, 'sec-fetch-site': site } = headers
  if (typeof origin === 'string' && trustedOrigins.has(origin)) return true
  if (site !== undefined) return site === 'same-origin'
  // Every browser sends one of the two with an action.
  if (origin === undefined) return true
  return typeof origin === 'string' && typeof host === 'string' && isOriginOf(host, origin)
}

function isOriginOf(host: string, origin: string): boolean {
  if (!URL.canParse(origin)) return false
  const { protocol, host: originHost } = new URL(origin)
  // Read as the origin is, so that a port that goes without saying may be said.
  const own = `${protocol}//${host}`
  return originHost !== '' && URL.canParse(own) && new URL(own).host === originHost
}
