import type { CircuitState } from './circuit/state-machine.ts'
import { InvalidOptionError } from './errors.ts'
import type { Caused } from './options/caller-options.ts'

// What the processes of an application have in common, as seen from one of them. @svcproxy/fleet implements it; core
// only knows where to find it.

/**
 * `connecting`: not connected to the store yet. `connected`: receives the messages of the others. `degraded`: does not
 * receive them, and works by itself until it does again. `left`: is not part of the fleet any more.
 */
export type FleetState = 'connecting' | 'connected' | 'degraded' | 'left'

/** A process of the fleet, as it describes itself. */
export interface FleetMember {
  /** Unique among all members, past and present. */
  readonly id: string
  /** Where it runs, for people: for example a host and a process id. */
  readonly label: string
}

/** The state of one of a member's services, as sent with its heartbeat. */
export interface ServiceReport {
  /** The state of its circuit. */
  readonly state: CircuitState | 'disabled'
  /** Consecutive failures while closed, else 0. */
  readonly failures: number
}

/** A member as the others see it. */
export interface MemberView extends FleetMember {
  /** The time since its last heartbeat, in milliseconds, by the clock of the store. */
  readonly seenMsAgo: number
  /** Its services that are not entirely healthy, by name. */
  readonly services: Readonly<Record<string, ServiceReport>>
}

/** The circuit that the fleet shares for one service. */
export interface SharedCircuitView {
  /** The name of the service. */
  readonly service: string
  /** While it is open, one member at a time may probe the service. */
  readonly state: 'closed' | 'open'
  /** Changes with each change of state. Compare it for equality only; it has no order. */
  readonly generation: string
  /** How long until a member may probe, in milliseconds from when it was read; 0 while closed. */
  readonly remainingMs: number
  /** The member that probes, and how long its lease lasts, in milliseconds from when it was read. */
  readonly probe?: { readonly member: string; readonly remainingMs: number } | undefined
}

/** What a member has counted since it joined. */
export interface FleetCounts {
  /** Hints of other members that were followed. A hint is a message that something in the store has changed. */
  readonly hints: number
  /**
   * Messages that were ignored: too large, of another format or version, or about services that this process does not
   * have.
   */
  readonly droppedMessages: number
  /** Hints that came too fast, so that the store was read instead. */
  readonly deferredHints: number
  /** Invalidations that were found in the store without a hint. */
  readonly missedHints: number
  /** How often the store was read after a reconnection, or because something was unclear. */
  readonly resyncs: number
  /** Invalidations, each of one service or of all, that this member has sent to the fleet. */
  readonly invalidationsSent: number
  /** Invalidations of other members that were applied here. */
  readonly invalidationsReceived: number
  /** Reports of failures that were sent to the store. */
  readonly reports: number
  /** How often this member probed a service for the fleet. */
  readonly probes: number
  /** How often the connection to the store was lost. */
  readonly disconnections: number
  /** Operations of the store that failed or timed out. */
  readonly storeErrors: number
}

/** The state of a process in its fleet. Reading it does not ask the store. */
export interface FleetStatus {
  /** Whether it receives the messages of the others. */
  readonly state: FleetState
  /** When it entered that state. */
  readonly since: Date
  /** The namespace of the fleet. */
  readonly namespace: string
  /** This process. */
  readonly member: FleetMember
  /** The live members, this one included, as of the last heartbeat; empty before the first. */
  readonly members: readonly MemberView[]
  /** The circuits that the fleet shares, as last read from the store. */
  readonly circuits: readonly SharedCircuitView[]
  /** Invalidations made here that have not been sent to the fleet yet. */
  readonly queuedInvalidations: number
  /** Its counters. */
  readonly counts: FleetCounts
  /** The last error of the store; undefined before the first. */
  readonly lastError: unknown
}

/** The result of an invalidation. */
export interface FleetInvalidation {
  /** This process has applied it. */
  readonly local: true
  /** `sent`: the fleet was told. `queued`: it will be told as soon as the store can be reached. */
  readonly fleet: 'sent' | 'queued'
}

/** The fleet that a manager has joined, for health, metrics and the management API. */
export interface ManagedFleet {
  /** The state of this process in the fleet. */
  readonly status: FleetStatus
  /**
   * Asks the store for the live members, their services and who probes, at most once a second. Resolves when
   * {@link ManagedFleet.status} is up to date, or when the store does not answer; never rejects.
   */
  refresh(): Promise<void>
  /**
   * Invalidates the cached instances of one service, or of all, in every process of the fleet.
   * @throws {@link InvalidOptionError} (as a rejection) when there is no such service
   */
  invalidate(service?: string, caused?: Caused): Promise<FleetInvalidation>
  /** Leaves the fleet. The manager's `stop()` calls it. Calling it again returns the same promise. */
  leave(): Promise<void>
}

/**
 * Whether a process and its fleet are as they should be: it receives the messages of the others, or has left the fleet.
 */
export function isFleetHealthy(state: FleetState): boolean {
  return state === 'connected' || state === 'left'
}

const FLEETS = new WeakMap<object, ManagedFleet>()

/** The fleet that `manager` has joined, even if it has left it. */
export function fleetOf(manager: object): ManagedFleet | undefined {
  return FLEETS.get(manager)
}

/**
 * Makes the fleet that a manager joins visible to its health, metrics and management API.
 * @throws {@link InvalidOptionError} when the manager is already in a fleet
 */
export function attachFleet(manager: object, fleet: ManagedFleet): void {
  const known = FLEETS.get(manager)
  if (known !== undefined && known.status.state !== 'left') {
    throw new InvalidOptionError(
      'manager',
      'a manager that is in no fleet yet',
      `a manager in the fleet ${known.status.namespace}`,
    )
  }
  FLEETS.set(manager, fleet)
}
