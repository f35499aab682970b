import type { FleetMember, MemberView, SharedCircuitView } from '@svcproxy/core'

/**
 * What has been invalidated: each scope, the name of a service or `*` for all of them, has a token, and gets another one
 * when it is invalidated. Tokens are compared for being the same, never for their order.
 */
export interface Versions {
  /** Which table it is: another one after the store has lost its data. Undefined: nothing was ever invalidated. */
  readonly epoch: string | undefined
  /** By scope. */
  readonly tokens: Readonly<Record<string, string>>
}

/** What has become of the versions of some scopes. */
export interface Invalidated extends Versions {
  /** The tokens that they had before; none for a scope that had none. */
  readonly previous: Readonly<Record<string, string>>
}

/** All that a fleet has in common. */
export interface FleetSnapshot {
  /** What has been invalidated. */
  readonly versions: Versions
  /** Those that the store knows of. One that it does not know of is in no state at all: not closed. */
  readonly circuits: readonly SharedCircuitView[]
}

/** What a member has seen of a service. */
export interface Evidence {
  /** Of which service. */
  readonly service: string
  /** Consecutive failures; 0: a success has ended them. */
  readonly failures: number
  /** So many failures open a circuit. */
  readonly threshold: number
  /** How long the circuit stays open before a member probes, in milliseconds. */
  readonly recoveryMs: number
}

/** The right to probe a service for all. */
export interface ProbeLease {
  /** Which one. */
  readonly service: string
  /** Fences: what comes with another one is late. */
  readonly token: string
}

/** What a probe found: the service is `well`, or it `failed`; or nobody called, and it was `unused`: another member may have it. */
export type ProbeResult = 'well' | 'failed' | 'unused'

/** Hears of a store's connection and of what other members did. All of it is a hint: the store is the truth. */
export interface FleetStoreListener {
  /** It is connected, and hears the others from now on: what happened before has to be read. */
  connected(): void
  /** It is not connected any more; it connects again by itself. */
  disconnected(error: unknown): void
  /** A message of another member, as {@link encodeHint} made it, or of anybody. */
  hinted(message: string): void
}

/**
 * What a fleet keeps its common state in. Each operation is atomic, has a deadline of its own, and rejects when the store
 * does not answer. A store takes the time from its engine, so the clocks of the members do not matter.
 */
export interface FleetStore {
  /** Connects, and stays connected until it is closed. Called once. */
  open(namespace: string, listener: FleetStoreListener): void
  /** Ends it: no listener hears anything any more, and nothing keeps the process alive. */
  close(): Promise<void>
  /** The hints stopped coming, though it seems to be connected: connects anew. */
  reconnect(): void
  /** Gives each scope another token, and hints it to all. */
  invalidate(member: string, scopes: readonly string[]): Promise<Invalidated>
  /** All of it, as it is now. */
  read(): Promise<FleetSnapshot>
  /** The member lives, for `ttlMs` more. @returns all that do */
  heartbeat(member: FleetMember, services: MemberView['services'], ttlMs: number): Promise<readonly MemberView[]>
  /** The member has left: its evidence, its lease and its place among the members are free. */
  leave(member: string): Promise<void>
  /**
   * Takes evidence, and opens a circuit when it suffices: when at least `max(2, 30 % of the live members)` report a
   * failure (a fleet of one: one), and their failures add up to `max(threshold, twice that number)`. Hints what it opened.
   * Evidence is forgotten ten seconds after it came.
   * @returns the circuits that it concerns
   */
  report(member: string, evidence: readonly Evidence[]): Promise<readonly SharedCircuitView[]>
  /** Takes the lease for the probe of an open circuit whose time is over, if nobody else has it. */
  takeProbe(member: string, service: string, leaseMs: number): Promise<ProbeLease | SharedCircuitView | undefined>
  /** Lengthens a lease. False: it is another one's by now. */
  renewProbe(lease: ProbeLease, leaseMs: number): Promise<boolean>
  /**
   * Ends a lease: closes the circuit, or opens it anew for `recoveryMs`, and hints it; or leaves it as it is.
   * False: the lease was another one's by then.
   */
  settleProbe(lease: ProbeLease, result: ProbeResult, recoveryMs: number): Promise<boolean>
}
