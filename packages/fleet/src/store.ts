import type { FleetMember, MemberView, SharedCircuitView } from '@svcproxy/core'

/**
 * What was invalidated. Each scope, the name of a service or `*` for all, has a token, and gets a new one when it is
 * invalidated. Tokens are compared for equality only; they have no order.
 */
export interface Versions {
  /**
   * Identifies the data of the store: it changes when the store has lost its data. Undefined: nothing was ever
   * invalidated.
   */
  readonly epoch: string | undefined
  /** The token of each scope. */
  readonly tokens: Readonly<Record<string, string>>
}

/** The result of an invalidation. */
export interface Invalidated extends Versions {
  /** The tokens that the scopes had before; scopes without a token are missing. */
  readonly previous: Readonly<Record<string, string>>
}

/** The shared state of a fleet. */
export interface FleetSnapshot {
  /** What has been invalidated. */
  readonly versions: Versions
  /** The circuits that the store knows. A circuit that it does not know has no state at all; it is not closed. */
  readonly circuits: readonly SharedCircuitView[]
}

/** The failures that a member has seen at a service. */
export interface Evidence {
  /** The name of the service. */
  readonly service: string
  /** Consecutive failures; 0: a success has ended the series. */
  readonly failures: number
  /** The number of failures that opens a circuit. */
  readonly threshold: number
  /** How long the circuit stays open before a member probes, in milliseconds. */
  readonly recoveryMs: number
}

/** The right to probe a service for the fleet. */
export interface ProbeLease {
  /** The name of the service. */
  readonly service: string
  /** Identifies the lease: operations with an outdated token have no effect. */
  readonly token: string
}

/**
 * The result of a probe. `succeeded`: the service has recovered. `failed`: it has not. `unused`: there were no calls, so
 * another member may probe.
 */
export type ProbeResult = 'succeeded' | 'failed' | 'unused'

/**
 * Is notified of a store's connection and of the changes of other members. Messages are hints only: the store is the
 * source of truth.
 */
export interface FleetStoreListener {
  /** The store is connected, and hints arrive from now on. Earlier changes have to be read. */
  connected(): void
  /** The store is disconnected; it reconnects by itself. */
  disconnected(error: unknown): void
  /**
   * A message arrived: normally a hint of another member in the format of {@link encodeHint}, but anybody may have sent
   * it.
   */
  hinted(message: string): void
}

/**
 * Keeps the shared state of a fleet. Each operation is atomic, has its own timeout, and rejects if the store does not
 * answer. A store uses the clock of its server, so the clocks of the members do not matter.
 */
export interface FleetStore {
  /** Connects, and reconnects until it is closed. Called once. */
  open(namespace: string, listener: FleetStoreListener): void
  /** Closes the connection: the listener is not called any more, and nothing keeps the process alive. */
  close(): Promise<void>
  /** Reconnects, because hints stopped arriving although the store seems to be connected. */
  reconnect(): void
  /** Gives each scope a new token, and sends hints to all members. */
  invalidate(member: string, scopes: readonly string[]): Promise<Invalidated>
  /** Reads the complete shared state. */
  read(): Promise<FleetSnapshot>
  /** Extends the life of a member by `ttlMs`. @returns all live members */
  heartbeat(member: FleetMember, services: MemberView['services'], ttlMs: number): Promise<readonly MemberView[]>
  /** Removes a member with its evidence and its lease. */
  leave(member: string): Promise<void>
  /**
   * Records evidence, and opens the circuits for which it suffices: at least `max(2, 30 % of the live members)` members
   * report a failure (one in a fleet of one), and their failures add up to at least
   * `max(threshold, twice that number)`. Sends hints for circuits that it opened. Evidence expires after ten seconds.
   * @returns the circuits of the reported services
   */
  report(member: string, evidence: readonly Evidence[]): Promise<readonly SharedCircuitView[]>
  /**
   * Takes the lease for the probe of an open circuit whose time is over, if no other member has it. @returns the lease;
   * else the circuit; undefined if the store does not know the circuit
   */
  takeProbe(member: string, service: string, leaseMs: number): Promise<ProbeLease | SharedCircuitView | undefined>
  /** Extends a lease. @returns false if it belongs to another member by now */
  renewProbe(lease: ProbeLease, leaseMs: number): Promise<boolean>
  /**
   * Ends a lease. Closes the circuit (`succeeded`), opens it again for `recoveryMs` (`failed`), or leaves it as it is
   * (`unused`); sends hints of a change.
   * @returns false if the lease belonged to another member by then
   */
  settleProbe(lease: ProbeLease, result: ProbeResult, recoveryMs: number): Promise<boolean>
}
