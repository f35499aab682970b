import type { ManagementAction, ServiceDetail, Snapshot } from '@svcproxy/http'

// The management API, as the page speaks to it. Every address is relative to the page's own, so that it works wherever
// the application, or a proxy before it, mounts it.

/** Why there is no answer to show. */
export type Refusal =
  /** It is not known who asks. */
  | 'unauthenticated'
  /** Whoever asks may not see this. */
  | 'forbidden'
  /** The process answers, but not with a snapshot. */
  | 'unavailable'
  /** Nobody answers. */
  | 'unreachable'
  /** The process speaks another version of the API than this page. */
  | 'version'

/** What the process said when it was asked for its snapshot. */
export type SnapshotAnswer =
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot; readonly etag: string | null }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'refused'; readonly reason: Refusal }

/** What came of an action. */
export type ActionOutcome =
  /** `healthy` only of a health check. */
  { readonly done: true; readonly healthy: boolean | undefined } | { readonly done: false; readonly reason: string }

/** Never rejects, but for the signal. */
export async function loadSnapshot(etag: string | null, signal: AbortSignal): Promise<SnapshotAnswer> {
  try {
    const response = await get('api/snapshot', signal, etag)
    if (response.status === 304) return { kind: 'unchanged' }
    if (!response.ok) return { kind: 'refused', reason: refusalOf(response.status) }
    const snapshot: unknown = await response.json()
    if (!isSnapshot(snapshot)) return { kind: 'refused', reason: 'version' }
    return { kind: 'snapshot', snapshot, etag: response.headers.get('ETag') }
  } catch {
    return { kind: 'refused', reason: 'unreachable' }
  }
}

/** Undefined: the service is not there, or nobody answers. */
export async function loadDetail(name: string, signal: AbortSignal): Promise<ServiceDetail | undefined> {
  try {
    const response = await get(`api/services/${encodeURIComponent(name)}`, signal)
    const detail: unknown = response.ok ? await response.json() : undefined
    return isDetail(detail) ? detail : undefined
  } catch {
    return undefined
  }
}

/** Acts on a service, or on all of them for an action that ends in `-all`. Never rejects. */
export async function act(action: ManagementAction, service: string | null): Promise<ActionOutcome> {
  const { path, content } = requestFor(action, service)
  try {
    const response = await fetch(path, {
      method: 'POST',
      cache: 'no-store',
      credentials: 'same-origin',
      redirect: 'error',
      headers: { 'Content-Type': 'application/json', 'X-Svcproxy-Action': '1' },
      body: JSON.stringify(content),
    })
    const body: unknown = await response.json().catch(() => undefined)
    return response.ok ? { done: true, healthy: healthIn(body) } : { done: false, reason: reasonIn(body, response) }
  } catch {
    return { done: false, reason: 'The process did not answer. Whether it acted is not known.' }
  }
}

/** Where an action is sent, and what. */
export function requestFor(
  action: ManagementAction,
  service: string | null,
): { readonly path: string; readonly content: { readonly action?: ManagementAction } } {
  const of = `api/services/${encodeURIComponent(service ?? '')}`
  switch (action) {
    case 'invalidate':
    case 'expire':
      return { path: `${of}/cache`, content: { action } }
    case 'reset':
    case 'isolate':
    case 'release':
      return { path: `${of}/circuit`, content: { action } }
    case 'health-check':
      return { path: `${of}/health-check`, content: {} }
    case 'invalidate-all':
      return { path: 'api/cache/invalidate-all', content: {} }
    case 'reset-all':
      return { path: 'api/circuits/reset-all', content: {} }
  }
}

function get(path: string, signal: AbortSignal, etag: string | null = null): Promise<Response> {
  // `no-store`, because the browser's own cache would answer a 304 with the 200 it remembers.
  return fetch(path, {
    cache: 'no-store',
    credentials: 'same-origin',
    redirect: 'error',
    signal,
    headers: etag === null ? { Accept: 'application/json' } : { Accept: 'application/json', 'If-None-Match': etag },
  })
}

function refusalOf(status: number): Refusal {
  if (status === 401) return 'unauthenticated'
  return status === 403 ? 'forbidden' : 'unavailable'
}

// The page comes from the process that answers it, so a version says of the whole what it is.
function isSnapshot(body: unknown): body is Snapshot {
  return isObject(body) && 'version' in body && body.version === 1
}

function isDetail(body: unknown): body is ServiceDetail {
  return isObject(body) && 'settings' in body && 'methods' in body
}

function healthIn(body: unknown): boolean | undefined {
  return isObject(body) && 'healthy' in body ? body.healthy === true : undefined
}

/** What the problem in a response says, or else its status. */
function reasonIn(body: unknown, { status }: Response): string {
  if (isObject(body) && 'detail' in body && typeof body.detail === 'string') return body.detail
  return `The process answered ${status}.`
}

function isObject(body: unknown): body is object {
  return typeof body === 'object' && body !== null
}
