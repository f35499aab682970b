import type { HttpAnswer } from './exchange.ts'

/**
 * In a response: the process that answered. In a request: the process it is meant for; another one answers 412 and does
 * nothing.
 */
export const INSTANCE = 'X-Svcproxy-Instance'

/** The process that answered, as in the header; undefined: a server of an earlier version does not say. */
export function answeredBy({ headers }: HttpAnswer): string | undefined {
  return headers.get(INSTANCE) ?? undefined
}

/** The name of a process in the format of the header. */
export function instanceHeader(id: string): string {
  return encodeURIComponent(id.replaceAll(/\p{Cs}/gu, '\uFFFD'))
}

/** The reverse of {@link instanceHeader}. */
export function instanceName(header: string): string {
  try {
    return decodeURIComponent(header)
  } catch {
    return header
  }
}
