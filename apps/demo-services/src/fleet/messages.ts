import type { CircuitState } from '@svcproxy/core'
import type { FleetInvalidation, FleetState } from '@svcproxy/fleet'

// What the process that tells the story and the members of the fleet say to each other. All points in time are
// milliseconds since 1970, with fractions: the processes run on one machine.

/** What a member is asked for. */
export interface Question {
  readonly id: number
  /** `invalidate`: the feature flags, in the whole fleet. */
  readonly kind: 'standing' | 'invalidate'
}

/** How a member does at this moment. */
export interface Standing {
  /** Of the service that reads from the database. */
  readonly circuit: CircuitState | 'disabled'
  /** Connections attempted and queries sent, of that service and the others behind proxies. */
  readonly calls: number
  /** Of these, the ones that failed. */
  readonly failed: number
  readonly state: FleetState
  /** When it entered that state. */
  readonly since: number
  /** How many live, as the store last told it. */
  readonly members: number
  /** Services that were invalidated here and of which the fleet has not heard. */
  readonly queued: number
}

/** What has become of an invalidation. */
export interface Told {
  /** When it was asked for. */
  readonly at: number
  readonly fleet: FleetInvalidation['fleet']
}

/** Something that happened in a member. */
export type MemberEvent =
  | { readonly type: 'circuit'; readonly from: CircuitState; readonly to: CircuitState; readonly at: number }
  | { readonly type: 'invalidate' | 'load'; readonly service: string; readonly at: number }

/** What a member says. */
export type MemberMessage =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'event'; readonly event: MemberEvent }
  | { readonly kind: 'standing'; readonly id: number; readonly standing: Standing }
  | { readonly kind: 'told'; readonly id: number; readonly told: Told }

// Both ends are of one version, and each says only one sort of thing: that it has a kind is enough.

export function isQuestion(message: unknown): message is Question {
  return hasKind(message)
}

export function isMemberMessage(message: unknown): message is MemberMessage {
  return hasKind(message)
}

function hasKind(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'kind' in message
}

export function now(): number {
  return performance.timeOrigin + performance.now()
}
