import type { FleetMember, MemberView, SharedCircuitView } from './store.ts'

/**
 * `connecting`: it has not reached the store yet. `connected`: it hears the others. `degraded`: it does not, and goes on by
 * itself until it does again. `left`: it has no part in the fleet any more.
 */
export type FleetState = 'connecting' | 'connected' | 'degraded' | 'left'

/** What a member has counted since it joined. */
export interface FleetCounts {
  /** Hints of other members that were heeded. */
  readonly hints: number
  /** Messages that were no hint of this fleet: too large, of another form or version, of services that are not here. */
  readonly droppedMessages: number
  /** Hints that came too fast, and were looked up in the store instead. */
  readonly deferredHints: number
  /** Invalidations that were found in the store without a hint. */
  readonly missedHints: number
  /** How often the store was read after a connection came back, or because something was unclear. */
  readonly resyncs: number
  /** Scopes that this member has invalidated for the fleet. */
  readonly invalidationsSent: number
  /** Scopes that others have invalidated here. */
  readonly invalidationsReceived: number
  /** Messages with evidence of failures. */
  readonly reports: number
  /** How often it had the probe of a circuit. */
  readonly probes: number
  /** How often the connection to the store was lost. */
  readonly disconnections: number
  /** What the store did not do in time, or refused. */
  readonly storeErrors: number
}

/** Before anything was counted. */
export function noCounts(): { -readonly [K in keyof FleetCounts]: number } {
  return {
    hints: 0,
    droppedMessages: 0,
    deferredHints: 0,
    missedHints: 0,
    resyncs: 0,
    invalidationsSent: 0,
    invalidationsReceived: 0,
    reports: 0,
    probes: 0,
    disconnections: 0,
    storeErrors: 0,
  }
}

/** Where a process stands in its fleet. Reading it asks the store nothing. */
export interface FleetStatus {
  /** Whether it hears the others. */
  readonly state: FleetState
  /** When it entered that state. */
  readonly since: Date
  /** Which fleet this is. */
  readonly namespace: string
  /** This process. */
  readonly member: FleetMember
  /** Those that live, this one among them, as the store told at the last heartbeat; empty before the first. */
  readonly members: readonly MemberView[]
  /** The circuits that the fleet shares, as it last told of them. */
  readonly circuits: readonly SharedCircuitView[]
  /** Scopes that were invalidated here and of which the fleet has not heard. */
  readonly queuedInvalidations: number
  /** What it has counted. */
  readonly counts: FleetCounts
  /** What the store last failed with; undefined before the first. */
  readonly lastError: unknown
}

/** What has become of an invalidation. */
export interface FleetInvalidation {
  /** It is in force in this process. */
  readonly local: true
  /** The fleet was told; or it will be as soon as the store can be reached (`queued`). */
  readonly fleet: 'sent' | 'queued'
}

/** This process as a member of a fleet. Calls never wait for it. Made by {@link joinFleet}. */
export interface Fleet<M extends object> extends AsyncDisposable {
  /** Where this process stands in the fleet. */
  readonly status: FleetStatus
  /**
   * Invalidates the cached instances of a service, or of all, in every process of the fleet: in this one at once, in the
   * others as soon as they hear of it. What cannot be told now is told when the store can be reached again.
   * @throws {@link InvalidOptionError} (as a rejection) when there is no such service
   */
  invalidate(service?: keyof M & string): Promise<FleetInvalidation>
  /**
   * Leaves the fleet and closes the store. The proxies go on by themselves. To be called before the manager is stopped.
   * Calling it again returns the same promise.
   */
  leave(): Promise<void>
}
