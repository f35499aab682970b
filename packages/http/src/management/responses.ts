import type { HttpResponse } from '../message.ts'
import { problemResponse } from '../problem.ts'

/** On every response: it is data for one client only, and not to be cached or interpreted. */
const PROTECTION: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
}

/** 200 with a JSON body. */
export function jsonResponse(json: string | Buffer, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return { status: 200, headers: { ...PROTECTION, ...headers, 'Content-Type': 'application/json' }, body: json }
}

/** 304: the client already has the current version. */
export function unchanged(etag: string): HttpResponse {
  return { status: 304, headers: { ...PROTECTION, ETag: etag }, body: '' }
}

/** An error response. `detail` must not repeat what the client sent. */
export function refusal(status: number, detail: string, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return problemResponse({ status, detail }, { ...PROTECTION, ...headers })
}

/** @param allow the allowed methods; an empty string if there are none */
export function methodNotAllowed(allow: string, detail: string): HttpResponse {
  return refusal(405, detail, { Allow: allow })
}
