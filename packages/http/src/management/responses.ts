import type { HttpResponse } from '../message.ts'
import { problemResponse } from '../problem.ts'

/** On every answer: it is data, for whoever asked and for nobody else. */
const PROTECTION: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
}

/** 200 with a body of JSON. */
export function jsonResponse(json: string | Buffer, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return { status: 200, headers: { ...PROTECTION, ...headers, 'Content-Type': 'application/json' }, body: json }
}

/** 304: what the client has is what it would get. */
export function unchanged(etag: string): HttpResponse {
  return { status: 304, headers: { ...PROTECTION, ETag: etag }, body: '' }
}

/** Why not. `detail` never repeats what the client sent. */
export function refusal(status: number, detail: string, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return problemResponse({ status, detail }, { ...PROTECTION, ...headers })
}

/** @param allow the methods that are allowed; none is an empty list */
export function methodNotAllowed(allow: string, detail: string): HttpResponse {
  return refusal(405, detail, { Allow: allow })
}
