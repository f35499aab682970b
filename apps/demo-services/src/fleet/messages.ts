import type { CircuitState } from '@svcproxy/core'
import type { FleetInvalidation, FleetState } from '@svcproxy/fleet'

// The messages between the process that tells the story and the members of the fleet. Times are milliseconds since
// 1970, with fractions: all processes run on one machine.

/** A question to a member. */
export interface Question {
  readonly id: number
  /** `invalidate`: the feature flags, in the whole fleet. */
  readonly kind: 'standing' | 'invalidate'
}

/** The current state of a member. */
export interface Standing {
  /** The circuit of the service that reads from the database. */
  readonly circuit: CircuitState | 'disabled'
  /** Connections attempted and queries sent, by this service and the other proxied ones. */
  readonly calls: number
  /** How many of them failed. */
  readonly failed: number
  readonly state: FleetState
  /** When it entered that state. */
  readonly since: number
  /** The number of live members, as of the last heartbeat. */
  readonly members: number
  /** Invalidations made here that were not sent to the fleet yet. */
  readonly queued: number
}

/** The result of an invalidation. */
export interface Told {
  /** When it was requested. */
  readonly at: number
  readonly fleet: FleetInvalidation['fleet']
}

/** An event in a member. */
export type MemberEvent =
  | { readonly type: 'circuit'; readonly from: CircuitState; readonly to: CircuitState; readonly at: number }
  | { readonly type: 'invalidate' | 'load'; readonly service: string; readonly at: number }

/** A message of a member. */
export type MemberMessage =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'event'; readonly event: MemberEvent }
  | { readonly kind: 'standing'; readonly id: number; readonly standing: Standing }
  | { readonly kind: 'told'; readonly id: number; readonly told: Told }

// Both ends have the same version, and each sends one sort of message: checking for a kind is enough.

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
