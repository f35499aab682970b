import type { Clock } from '@svcproxy/core'
import { encodeHint } from '@svcproxy/fleet'
import type {
  Evidence,
  FleetMember,
  FleetSnapshot,
  Hint,
  Invalidated,
  MemberView,
  ProbeLease,
  ProbeResult,
  SharedCircuitView,
} from '@svcproxy/fleet'
import type { MemoryStore } from './memory-store.ts'

/** How long evidence counts, in milliseconds. */
const EVIDENCE_MS = 10_000

/** A member as it is stored. */
export interface Member {
  readonly member: FleetMember
  readonly services: MemberView['services']
  readonly seenAt: number
  readonly diesAt: number
}

interface Circuit {
  readonly state: 'closed' | 'open'
  readonly generation: string
  readonly probesAt: number
  probe: { readonly member: string; readonly token: string; endsAt: number } | undefined
}

/** The data of the store. */
export interface Stored {
  epoch: string | undefined
  readonly tokens: Map<string, string>
  readonly circuits: Map<string, Circuit>
  readonly members: Map<string, Member>
  readonly evidence: Map<string, Map<string, { readonly failures: number; readonly at: number }>>
}

/**
 * The data and operations of one namespace of a {@link MemoryFleet}. Subclasses in the contract's own test break one
 * rule each.
 */
export class MemoryEngine {
  readonly clock: Clock
  readonly latencyMs: () => number
  readonly #stores = new Set<MemoryStore>()
  protected stored: Stored = nothing()
  #count = 0
  isRunning: boolean

  constructor(clock: Clock, latencyMs: () => number, isRunning: boolean) {
    this.isRunning = isRunning
    this.clock = clock
    this.latencyMs = latencyMs
  }

  /** Adds a store to the namespace. */
  add(store: MemoryStore): void {
    this.#stores.add(store)
  }

  stop(): void {
    this.isRunning = false
    for (const store of this.#stores) store.lose(new Error('The engine was stopped'))
  }

  restart(stored: Stored | undefined): void {
    this.isRunning = true
    if (stored !== undefined) this.stored = copyOf(stored)
    for (const store of this.#stores) store.find()
  }

  save(): Stored {
    return copyOf(this.stored)
  }

  forget(store: MemoryStore): void {
    this.#stores.delete(store)
  }

  publish(message: string): void {
    for (const store of this.#stores) store.hear(message)
  }

  invalidate(member: string, scopes: readonly string[]): Invalidated {
    const epoch = (this.stored.epoch ??= this.unique('epoch'))
    const tokens = new Map<string, string>()
    const previous = new Map<string, string>()
    for (const scope of scopes) {
      const before = this.stored.tokens.get(scope)
      if (before !== undefined) previous.set(scope, before)
      const token = this.unique('token')
      tokens.set(scope, token)
      this.stored.tokens.set(scope, token)
      this.hint({ kind: 'invalidated', member, epoch, scope, token })
    }
    return { epoch, tokens: Object.fromEntries(tokens), previous: Object.fromEntries(previous) }
  }

  read(): FleetSnapshot {
    const { epoch, tokens, circuits } = this.stored
    return {
      versions: { epoch, tokens: Object.fromEntries(tokens) },
      circuits: [...circuits.keys()].flatMap((service) => this.view(service) ?? []),
    }
  }

  heartbeat(member: FleetMember, services: MemberView['services'], ttlMs: number): MemberView[] {
    const now = this.clock.now()
    this.stored.members.set(member.id, { member, services, seenAt: now, diesAt: now + ttlMs })
    return this.live().map(({ member: told, services: of, seenAt }) => ({
      ...told,
      services: of,
      seenMsAgo: now - seenAt,
    }))
  }

  leave(member: string): void {
    this.stored.members.delete(member)
    for (const evidence of this.stored.evidence.values()) evidence.delete(member)
    for (const circuit of this.stored.circuits.values()) {
      if (circuit.probe?.member === member) circuit.probe = undefined
    }
  }

  report(member: string, evidence: readonly Evidence[]): SharedCircuitView[] {
    return evidence.flatMap((one) => {
      this.take(member, one)
      return this.view(one.service) ?? []
    })
  }

  takeProbe(member: string, service: string, leaseMs: number): ProbeLease | SharedCircuitView | undefined {
    const now = this.clock.now()
    const circuit = this.stored.circuits.get(service)
    if (circuit === undefined) return undefined
    const isTaken = circuit.probe !== undefined && circuit.probe.endsAt > now
    if (circuit.state === 'closed' || circuit.probesAt > now || isTaken) return this.view(service)
    const token = this.unique('lease')
    circuit.probe = { member, token, endsAt: now + leaseMs }
    return { service, token }
  }

  renewProbe({ service, token }: ProbeLease, leaseMs: number): boolean {
    const probe = this.stored.circuits.get(service)?.probe
    if (probe?.token !== token) return false
    probe.endsAt = this.clock.now() + leaseMs
    return true
  }

  settleProbe({ service, token }: ProbeLease, result: ProbeResult, recoveryMs: number): boolean {
    const circuit = this.stored.circuits.get(service)
    const probe = circuit?.probe
    if (circuit === undefined || probe?.token !== token) return false
    circuit.probe = undefined
    if (result === 'succeeded') this.becomes(probe.member, service, 'closed', 0)
    if (result === 'failed') this.becomes(probe.member, service, 'open', recoveryMs)
    return true
  }

  protected take(member: string, { service, failures, threshold, recoveryMs }: Evidence): void {
    const now = this.clock.now()
    const reported = this.stored.evidence.get(service) ?? new Map<string, { failures: number; at: number }>()
    this.stored.evidence.set(service, reported)
    if (failures > 0) reported.set(member, { failures, at: now })
    else reported.delete(member)
    if (this.stored.circuits.get(service)?.state === 'open') return
    const counted = [...reported.values()].filter(({ at }) => now - at < EVIDENCE_MS).map((one) => one.failures)
    if (this.suffices(counted, threshold)) this.becomes(member, service, 'open', recoveryMs)
  }

  /** @param reported the failures of each member that reports any */
  protected suffices(reported: readonly number[], threshold: number): boolean {
    const live = this.live().length
    const quorum = live <= 1 ? 1 : Math.max(2, Math.ceil(live * 0.3))
    const sum = reported.reduce((total, failures) => total + failures, 0)
    return reported.length >= quorum && sum >= Math.max(threshold, quorum === 1 ? 1 : 2 * quorum)
  }

  protected becomes(member: string, service: string, state: 'closed' | 'open', recoveryMs: number): void {
    this.stored.evidence.delete(service)
    const probesAt = this.clock.now() + recoveryMs
    this.stored.circuits.set(service, { state, generation: this.unique('generation'), probesAt, probe: undefined })
    const circuit = this.view(service)
    if (circuit !== undefined) this.hint({ kind: 'circuit', member, circuit })
  }

  protected view(service: string): SharedCircuitView | undefined {
    const circuit = this.stored.circuits.get(service)
    if (circuit === undefined) return undefined
    const now = this.clock.now()
    const { state, generation, probesAt, probe } = circuit
    const remainingMs = state === 'open' ? Math.max(0, probesAt - now) : 0
    if (probe === undefined || probe.endsAt <= now) return { service, state, generation, remainingMs }
    return { service, state, generation, remainingMs, probe: { member: probe.member, remainingMs: probe.endsAt - now } }
  }

  protected live(): Member[] {
    const now = this.clock.now()
    for (const [id, { diesAt }] of this.stored.members) if (diesAt <= now) this.stored.members.delete(id)
    return [...this.stored.members.values()]
  }

  protected hint(hint: Hint): void {
    this.publish(encodeHint(hint))
  }

  /** Never returns the same value twice, not even after a restart with older data. */
  protected unique(what: string): string {
    return `${what}-${++this.#count}`
  }
}

export function nothing(): Stored {
  return { epoch: undefined, tokens: new Map(), circuits: new Map(), members: new Map(), evidence: new Map() }
}

function copyOf({ epoch, tokens, circuits, members, evidence }: Stored): Stored {
  return {
    epoch,
    tokens: new Map(tokens),
    circuits: new Map(
      [...circuits].map(([service, { probe, ...circuit }]) => [service, { ...circuit, probe: probe && { ...probe } }]),
    ),
    members: new Map(members),
    evidence: new Map([...evidence].map(([service, reported]) => [service, new Map(reported)])),
  }
}
