import type { ManagementAction } from './snapshot.ts'

/** Actions on one service, or on all. */
export interface ActionRoute {
  readonly type: 'action'
  /** The name, which may belong to no service; null: all services. */
  readonly service: string | null
  /** If there are several, the body names one; a single one is named by the path. */
  readonly actions: readonly ManagementAction[]
}

/** The route of a path below `api/`. */
export type Route =
  | { readonly type: 'snapshot' }
  | { readonly type: 'events' }
  /** `name` may belong to no service. */
  | { readonly type: 'service'; readonly name: string }
  | ActionRoute

const SERVICE_ACTIONS: ReadonlyMap<string, readonly ManagementAction[]> = new Map([
  ['cache', ['invalidate', 'expire']],
  ['circuit', ['reset', 'isolate', 'release']],
  ['health-check', ['health-check']],
])

const FIXED: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['snapshot', { type: 'snapshot' }],
  ['events', { type: 'events' }],
  ['cache/invalidate-all', { type: 'action', service: null, actions: ['invalidate-all'] }],
  ['circuits/reset-all', { type: 'action', service: null, actions: ['reset-all'] }],
])

/** @param path as sent, without everything up to `api/`; returns undefined if there is no such route */
export function routeOf(path: string): Route | undefined {
  const fixed = FIXED.get(path)
  if (fixed !== undefined) return fixed
  // Split before decoding: an encoded slash is part of a name, and no name has one.
  const [first, segment, subject, ...others] = path.split('/', 4)
  if (first !== 'services' || segment === undefined || segment === '' || others.length > 0) return undefined
  const name = decode(segment)
  if (subject === undefined) return { type: 'service', name }
  const actions = SERVICE_ACTIONS.get(subject)
  return actions && { type: 'action', service: name, actions }
}

/** Returns the empty name, which no service has, if the segment cannot be decoded. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return ''
  }
}
