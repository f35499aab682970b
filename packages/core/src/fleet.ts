import type { CircuitState } from './circuit/state-machine.ts'
import { InvalidOptionError } from './errors.ts'
import type { Caused } from './options/caller-options.ts'

// What the processes of an application have in common, as whoever watches over one of them sees it. @svcproxy/fleet is
// what makes it so; core only knows where to look.

/**
 * `connecting`: it has not reached the store yet. `connected`: it hears the others. `degraded`: it does not, and goes on by
 * itself until it does again. `left`: it has no part in the fleet any more.
 */
export type FleetState = 'connecting' | 'connected' | 'degraded' | 'left'

/** A process of the fleet, as it tells of itself. */
export interface FleetMember {
  /** Unique among all members that ever were. */
  readonly id: string
  /** Where it runs, for people: a host and a process id, say. */
  readonly label: string
}

/** How one of its services does, as a member tells with its heartbeat. */
export interface ServiceReport {
  /** The state of its circuit. */
  readonly state: CircuitState | 'disabled'
  /** Consecutive failures while closed, else 0. */
  readonly failures: number
}

/** A member as the others see it. */
export interface MemberView extends FleetMember {
  /** How long ago it last told of itself, in milliseconds, by the clock of the store. */
  readonly seenMsAgo: number
  /** Its services that are not simply well, by name. */
  readonly services: Readonly<Record<string, ServiceReport>>
}

/** The circuit of a service as the fleet sees it. */
export interface SharedCircuitView {
  /** Whose it is. */
  readonly service: string
  /** While it is open, one member after the other may probe. */
  readonly state: 'closed' | 'open'
  /** Another one with each change of state. Compared for being the same, never for its order. */
  readonly generation: string
  /** How long until a member may probe, in milliseconds from when it was read; 0 while closed. */
  readonly remainingMs: number
  /** Who probes, and how long its lease lasts, in milliseconds from when it was read. */
  readonly probe?: { readonly member: string; readonly remainingMs: number } | undefined
}

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

/** The fleet that a manager is in, as health, metrics and the management API use it. */
export interface ManagedFleet {
  /** Where this process stands in the fleet. */
  readonly status: FleetStatus
  /**
   * Asks the store who lives, how they do, and who probes, at most once a second. Resolves when {@link ManagedFleet.status}
   * says so, or when the store does not answer; never rejects.
   */
  refresh(): Promise<void>
  /**
   * Invalidates the cached instances of a service, or of all, in every process of the fleet.
   * @throws {@link InvalidOptionError} (as a rejection) when there is no such service
   */
  invalidate(service?: string, caused?: Caused): Promise<FleetInvalidation>
}

/** Whether nothing is wrong between a process and its fleet: it hears the others, or has left them. */
export function hearsItsFleet(state: FleetState): boolean {
  return state === 'connected' || state === 'left'
}

const FLEETS = new WeakMap<object, ManagedFleet>()

/** The fleet that `manager` is in, or has left. */
export function fleetOf(manager: object): ManagedFleet | undefined {
  return FLEETS.get(manager)
}

/**
 * Lets health, metrics and the management API of a manager see the fleet that it joins.
 * @throws {@link InvalidOptionError} when it is in one
 */
export function attachFleet(manager: object, fleet: ManagedFleet): void {
  const known = FLEETS.get(manager)
  if (known !== undefined && known.status.state !== 'left') {
    throw new InvalidOptionError(
      'manager',
      'one that is in no fleet',
      `a manager in the fleet ${known.status.namespace}`,
    )
  }
  FLEETS.set(manager, fleet)
}
