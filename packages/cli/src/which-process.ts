import type { HttpAnswer } from './exchange.ts'

/** Which process an answer is of; in a request, which one is meant. Another one then answers 412, and does nothing. */
export const INSTANCE = 'X-Svcproxy-Instance'

/** The process that answered, as in the header; undefined: a server of an earlier version does not say. */
export function answeredBy({ headers }: HttpAnswer): string | undefined {
  return headers.get(INSTANCE) ?? undefined
}

/** What a process is called, as it stands in the header. */
export function instanceHeader(id: string): string {
  return encodeURIComponent(id.replaceAll(/\p{Cs}/gu, '\uFFFD'))
}

/** The reverse. */
export function instanceName(header: string): string {
  try {
    return decodeURIComponent(header)
  } catch {
    return header
  }
}
