import type { ActionResult, ActionScope, ManagementAction, ServiceDetail, Snapshot } from '@svcproxy/http'
import { persist, triesAmong } from './persist.ts'

// The management API, as the page speaks to it. Every address is relative to the page's own, so that it works wherever
// the application, or a proxy before it, mounts it.

/** Why there is no answer to show. */
export type Refusal =
  /** The client has to authenticate. */
  | 'unauthenticated'
  /** The client has no permission to see this. */
  | 'forbidden'
  /** The process answers, but not with a snapshot. */
  | 'unavailable'
  /** There is no answer. */
  | 'unreachable'
  /** The process has another version of the API than this page. */
  | 'version'

/** Which snapshot is asked for. */
export interface SnapshotRequest {
  /** The process to ask; null: any. */
  readonly instance: string | null
  /** The ETag of the last one; null: there is none. */
  readonly etag: string | null
}

/** The answer to a request for a snapshot. `elsewhere`: another process answered than the requested one. */
export type SnapshotAnswer =
  | { readonly kind: 'elsewhere'; readonly instance: string }
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot; readonly etag: string | null }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'refused'; readonly reason: Refusal }

/** An action that an operator has confirmed. */
export interface Deed {
  readonly action: ManagementAction
  /** Null: all services. */
  readonly service: string | null
  readonly scope: ActionScope
}

/** The result of an action. */
export type ActionOutcome =
  | ({ readonly done: true } & Pick<ActionResult, 'healthy' | 'fleet'>)
  | { readonly done: false; readonly reason: string }

/** Which process an answer is of; in a request, which one it is meant for. Percent-encoded. */
const INSTANCE = 'X-Svcproxy-Instance'
/** How often one process among several is asked for: for a look, and, at least, for an action. */
const DETAIL_TRIES = 8
const ACTION_TRIES = 20

/** Never rejects. */
export async function loadSnapshot({ instance, etag }: SnapshotRequest, signal: AbortSignal): Promise<SnapshotAnswer> {
  try {
    const response = await get('api/snapshot', { instance, etag, signal })
    const other = otherThan(instance)(response)
    if (other !== null) return { kind: 'elsewhere', instance: other }
    if (response.status === 304) return { kind: 'unchanged' }
    if (!response.ok) return { kind: 'refused', reason: refusalOf(response.status) }
    const snapshot: unknown = await response.json()
    if (!isSnapshot(snapshot)) return { kind: 'refused', reason: 'version' }
    return { kind: 'snapshot', snapshot, etag: response.headers.get('ETag') }
  } catch {
    return { kind: 'refused', reason: 'unreachable' }
  }
}

/** Undefined: the service is not there, or the process does not answer. */
export async function loadDetail(
  name: string,
  instance: string,
  signal: AbortSignal,
): Promise<ServiceDetail | undefined> {
  const path = `api/services/${encodeURIComponent(name)}`
  try {
    const response = await persist(DETAIL_TRIES, () => get(path, { instance, etag: null, signal }), otherThan(instance))
    const detail: unknown = response.ok ? await response.json() : undefined
    return isDetail(detail) ? detail : undefined
  } catch {
    return undefined
  }
}

/**
 * Acts in one process, on a service or on all of them; an invalidation possibly in its whole fleet. Never rejects.
 * @param others how many other processes are known to answer
 */
export async function act(deed: Deed, instance: string, others: number): Promise<ActionOutcome> {
  const tries = triesAmong(others, ACTION_TRIES)
  try {
    // A process that is not the one meant does nothing, so that it can be tried again.
    const response = await persist(tries, () => post(deed, instance), otherThan(instance))
    if (otherThan(instance)(response) !== null) {
      const reason = `Nothing was done: ${tries} tries reached other processes than ${instance}.`
      return { done: false, reason }
    }
    const body: unknown = await response.json().catch(() => undefined)
    return response.ok ? { done: true, ...(isResult(body) && body) } : { done: false, reason: reasonIn(body, response) }
  } catch {
    return { done: false, reason: 'No answer. It is not known whether the action was done.' }
  }
}

/** Where an action is sent, and what. */
export function requestFor({ action, service, scope }: Deed): {
  readonly path: string
  readonly content: { readonly action?: ManagementAction; readonly scope?: ActionScope }
} {
  const subject = SUBJECT[action]
  const isNamed = subject === 'cache' || subject === 'circuit'
  return {
    path: `api/${service === null ? '' : `services/${encodeURIComponent(service)}/`}${subject}`,
    content: { ...(isNamed && { action }), ...(scope === 'fleet' && { scope }) },
  }
}

/** What an action is sent to; where that takes several, the body names it. */
const SUBJECT: Readonly<Record<ManagementAction, string>> = {
  invalidate: 'cache',
  expire: 'cache',
  reset: 'circuit',
  isolate: 'circuit',
  release: 'circuit',
  'health-check': 'health-check',
  'invalidate-all': 'cache/invalidate-all',
  'reset-all': 'circuits/reset-all',
}

function get(path: string, asked: SnapshotRequest & { readonly signal: AbortSignal }): Promise<Response> {
  const { instance, etag, signal } = asked
  return send(
    path,
    instance,
    { Accept: 'application/json', ...(etag !== null && { 'If-None-Match': etag }) },
    { signal },
  )
}

function post(deed: Deed, instance: string): Promise<Response> {
  const { path, content } = requestFor(deed)
  const headers = { 'Content-Type': 'application/json', 'X-Svcproxy-Action': '1' }
  return send(path, instance, headers, { method: 'POST', body: JSON.stringify(content) })
}

function send(
  path: string,
  instance: string | null,
  headers: Readonly<Record<string, string>>,
  rest: RequestInit,
): Promise<Response> {
  return fetch(path, {
    // The browser's own cache would answer a 304 with the 200 it remembers.
    cache: 'no-store',
    credentials: 'same-origin',
    redirect: 'error',
    headers: { ...headers, ...(instance !== null && { [INSTANCE]: encodeURIComponent(instance) }) },
    ...rest,
  })
}

/** Which other process refuses, because it is not the one meant; null: none does. */
function otherThan(instance: string | null): (response: Response) => string | null {
  return ({ ok, headers }) => {
    const answering = decodeURIComponent(headers.get(INSTANCE) ?? '')
    return ok || instance === null || answering === '' || answering === instance ? null : answering
  }
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

function isResult(body: unknown): body is ActionResult {
  return isObject(body) && 'services' in body
}

/** What the problem in a response says, or else its status. */
function reasonIn(body: unknown, { status }: Response): string {
  if (isObject(body) && 'detail' in body && typeof body.detail === 'string') return body.detail
  return `The process answered ${status}.`
}

function isObject(body: unknown): body is object {
  return typeof body === 'object' && body !== null
}
