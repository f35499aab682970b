import type {
  Evidence,
  FleetMember,
  FleetSnapshot,
  FleetStoreListener,
  Hint,
  Invalidated,
  MemberView,
  ProbeLease,
  ProbeResult,
  SharedCircuitView,
} from '@svcproxy/fleet'
import type { Clock } from '@svcproxy/core'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../manual-clock.ts'
import { RECOVERY_MS } from './contract/circuit-fleet.ts'
import type { FleetStoreHarness } from './contract/harness.ts'
import { PROMISES } from './fleet-store-contract.ts'
import { MemoryEngine, nothing } from './memory-engine.ts'
import type { Member, Stored } from './memory-engine.ts'
import { MemoryStore } from './memory-store.ts'

/** A fault that a store can have. */
interface Fault {
  /** The promise that finds it; others may find it, too. */
  readonly foundBy: string
  readonly Engine?: typeof MemoryEngine
  /** What the store does in place of what it should. */
  readonly store?: (its: Its, clock: Clock) => Partial<Its>
  readonly engineOf?: (namespace: string) => string
}

/** What a store does. */
type Its = Pick<MemoryStore, 'open' | 'close' | 'reconnect' | 'hear' | 'invalidate' | 'read' | 'report'>

function harnessOf({ Engine = MemoryEngine, store: change, engineOf = (namespace) => namespace }: Fault) {
  const clock = new ManualClock()
  const engines = new Map<string, MemoryEngine>()
  const engine = (namespace: string): MemoryEngine => {
    const key = engineOf(namespace)
    const known = engines.get(key) ?? new Engine(clock, () => 0.5, true)
    engines.set(key, known)
    return known
  }
  const stores: MemoryStore[] = []
  const harness: FleetStoreHarness = {
    store: () => {
      const store = new MemoryStore(engine)
      const its: Its = {
        open: store.open.bind(store),
        close: store.close.bind(store),
        reconnect: store.reconnect.bind(store),
        hear: store.hear.bind(store),
        invalidate: store.invalidate,
        read: store.read,
        report: store.report,
      }
      stores.push(store)
      return Object.assign(store, change?.(its, clock))
    },
    pass: (ms) => clock.advanceAsync(ms),
    loseData: async () => {
      for (const one of engines.values()) one.stop()
      for (const one of engines.values()) one.restart(nothing())
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(stores.map((store) => store.close()))
    },
  }
  return harness
}

/** Which promises a store with this fault breaks. */
async function brokenPromises(fault: Fault): Promise<string[]> {
  const broken: string[] = []
  for (const { title, expectKept } of PROMISES) {
    await using harness = harnessOf(fault)
    try {
      await expectKept(harness)
    } catch {
      broken.push(title)
    }
  }
  return broken
}

/** What a listener hears is changed. */
const hearing =
  (changed: (listener: FleetStoreListener, clock: Clock) => Partial<FleetStoreListener>): NonNullable<Fault['store']> =>
  ({ open }, clock) => ({
    open: (namespace, listener) => {
      const { connected, disconnected, hinted } = listener
      const its = { connected, disconnected, hinted }
      open(namespace, { ...its, ...changed(its, clock) })
    },
  })

const CONNECTION_FAULTS: Record<string, Fault> = {
  'says twice that it is connected': {
    foundBy: 'a store reports that it is connected when it receives hints, and only once',
    store: hearing(({ connected }) => ({
      connected: () => {
        connected()
        connected()
      },
    })),
  },
  'says that it is connected before it hears the others': {
    foundBy: 'it receives all hints from the moment at which it reports that it is connected',
    store: hearing(({ connected, hinted }, clock) => {
      let hearsAt = Infinity
      return {
        connected: () => {
          hearsAt = clock.now() + 3
          connected()
        },
        hinted: (message) => {
          if (clock.now() >= hearsAt) hinted(message)
        },
      }
    }),
  },
  'does not connect anew': {
    foundBy: 'reconnect() reconnects: the store reports it, and receives hints again',
    store: () => ({ reconnect: () => undefined }),
  },
  'does not say that it connects anew': {
    foundBy: 'reconnect() reconnects: the store reports it, and receives hints again',
    store: hearing(() => ({ disconnected: () => undefined })),
  },
  'goes on when it is closed': {
    foundBy: 'a closed store receives nothing, reports nothing and does nothing',
    store: () => ({ close: async () => undefined }),
  },
  'says that it is disconnected when it is closed': {
    foundBy: 'a closed store receives nothing, reports nothing and does nothing',
    store: ({ open, close }) => {
      let told: FleetStoreListener | undefined
      return {
        open: (namespace, listener) => open(namespace, (told = listener)),
        close: async () => {
          await close()
          told?.disconnected(new Error('It was closed'))
        },
      }
    },
  },
  'leaves what is pending without an answer when it is closed': {
    foundBy: 'operations that are pending when a store is closed reject',
    store: ({ close, read }) => {
      let isClosed = false
      return {
        close: () => {
          isClosed = true
          return close()
        },
        read: () =>
          new Promise((resolve, reject) => {
            read().then(resolve, (error: unknown) => (isClosed ? undefined : reject(error)))
          }),
      }
    },
  },
  'has one namespace for all': { foundBy: 'namespaces share nothing', engineOf: () => 'all' },
  'takes a namespace for the beginning of another one': {
    foundBy: 'namespaces share nothing',
    engineOf: (namespace) => namespace.slice(0, 4),
  },
}

const VERSION_FAULTS: Record<string, Fault> = {
  'has an epoch before anything was invalidated': {
    foundBy: 'nothing was invalidated at first',
    Engine: class extends MemoryEngine {
      override read(): FleetSnapshot {
        this.stored.epoch ??= this.unique('epoch')
        return super.read()
      }
    },
  },
  'gives a scope the same token again': {
    foundBy: 'each invalidation gives its scopes new tokens, and returns the previous ones',
    Engine: class extends MemoryEngine {
      protected override unique(what: string): string {
        return what === 'token' ? 'token' : super.unique(what)
      }
    },
  },
  'does not say what was before': {
    foundBy: 'each invalidation gives its scopes new tokens, and returns the previous ones',
    Engine: class extends MemoryEngine {
      override invalidate(...args: Parameters<MemoryEngine['invalidate']>): Invalidated {
        return { ...super.invalidate(...args), previous: {} }
      }
    },
  },
  'gives all scopes another token': {
    foundBy: 'each invalidation gives its scopes new tokens, and returns the previous ones',
    Engine: class extends MemoryEngine {
      override invalidate(member: string, scopes: readonly string[]): Invalidated {
        return super.invalidate(member, [...new Set([...scopes, ...this.stored.tokens.keys()])])
      }
    },
  },
  'orders its tokens: it counts, from one again when it has lost its data': {
    foundBy: 'after the engine has lost its data no epoch or token is reused',
    Engine: countingAnew('token'),
  },
  'has the same epoch when it has lost its data': {
    foundBy: 'after the engine has lost its data no epoch or token is reused',
    Engine: countingAnew('epoch'),
  },
  'reads what was before, and then invalidates': {
    foundBy: 'simultaneous invalidations are ordered: each returns the token before it',
    store: ({ invalidate, read }) => ({
      invalidate: async (member, scopes) => {
        const { tokens } = (await read()).versions
        const previous = Object.entries(tokens).filter(([scope]) => scopes.includes(scope))
        return { ...(await invalidate(member, scopes)), previous: Object.fromEntries(previous) }
      },
    }),
  },
  'hints no invalidation': {
    foundBy: 'all members get a hint, the sender included, with the token that is in the store',
    Engine: hinting((hint) => (hint.kind === 'invalidated' ? undefined : hint)),
  },
  'hints another token than it has': {
    foundBy: 'all members get a hint, the sender included, with the token that is in the store',
    Engine: hinting((hint) => (hint.kind === 'invalidated' ? { ...hint, token: `${hint.token}.` } : hint)),
  },
  'tells the others only': {
    foundBy: 'all members get a hint, the sender included, with the token that is in the store',
    store: ({ hear, invalidate }) => {
      let id = 'nobody'
      return {
        hear: (message) => (message.includes(`"member":"${id}"`) ? undefined : hear(message)),
        invalidate: (member, scopes) => invalidate((id = member), scopes),
      }
    },
  },
  'tells of one scope only when there are several': {
    foundBy: 'scopes may have any name',
    Engine: class extends MemoryEngine {
      override invalidate(member: string, scopes: readonly string[]): Invalidated {
        const told = super.invalidate(member, scopes)
        this.#told = false
        return told
      }
      #told = false
      protected override hint(hint: Hint): void {
        if (hint.kind === 'circuit' || !this.#told) super.hint(hint)
        this.#told = true
      }
    },
  },
  'hints before it has done it': {
    foundBy: 'a member that gets the hint can already read the change',
    Engine: class extends MemoryEngine {
      override invalidate(member: string, scopes: readonly string[]): Invalidated {
        const before = this.save()
        const told = super.invalidate(member, scopes)
        const after = this.stored
        this.stored = before
        this.clock.setTimer(() => (this.stored = after), 5)
        return told
      }
    },
  },
  'keeps scopes where some names mean something else': {
    foundBy: 'scopes may have any name',
    Engine: class extends MemoryEngine {
      override read(): FleetSnapshot {
        const snapshot = super.read()
        const tokens: Record<string, string> = {}
        for (const [scope, token] of Object.entries(snapshot.versions.tokens)) tokens[scope] = token
        return { ...snapshot, versions: { ...snapshot.versions, tokens } }
      }
    },
  },
}

const MEMBER_FAULTS: Record<string, Fault> = {
  'tells only of the others': {
    foundBy: 'a heartbeat returns the live members and the state of their services',
    Engine: telling((members, teller) => members.filter(({ id }) => id !== teller.id)),
  },
  'tells in seconds how long ago a member was seen': {
    foundBy: 'a heartbeat returns the live members and the state of their services',
    Engine: telling((members) => members.map((one) => ({ ...one, seenMsAgo: one.seenMsAgo / 1_000 }))),
  },
  'tells when a member was seen, and not how long ago': {
    foundBy: 'a heartbeat returns the live members and the state of their services',
    Engine: class extends MemoryEngine {
      override heartbeat(...args: Parameters<MemoryEngine['heartbeat']>): MemberView[] {
        const now = this.clock.now()
        return super.heartbeat(...args).map((one) => ({ ...one, seenMsAgo: now - one.seenMsAgo }))
      }
    },
  },
  'keeps what a member told first': {
    foundBy: "a member's heartbeat replaces its earlier one",
    Engine: class extends MemoryEngine {
      override heartbeat(member: FleetMember, services: MemberView['services'], ttlMs: number): MemberView[] {
        return super.heartbeat(member, this.stored.members.get(member.id)?.services ?? services, ttlMs)
      }
    },
  },
  'forgets the services of a member at its second heartbeat': {
    foundBy: "a member's heartbeat replaces its earlier one",
    Engine: class extends MemoryEngine {
      override heartbeat(member: FleetMember, services: MemberView['services'], ttlMs: number): MemberView[] {
        return super.heartbeat(member, this.stored.members.has(member.id) ? {} : services, ttlMs)
      }
    },
  },
  'knows when a member came, and not when it was last seen': {
    foundBy: "a member's heartbeat replaces its earlier one",
    Engine: class extends MemoryEngine {
      override heartbeat(member: FleetMember, services: MemberView['services'], ttlMs: number): MemberView[] {
        const { seenAt } = this.stored.members.get(member.id) ?? { seenAt: this.clock.now() }
        const now = this.clock.now()
        const seen = super.heartbeat(member, services, ttlMs)
        return seen.map((one) => (one.id === member.id ? { ...one, seenMsAgo: now - seenAt } : one))
      }
    },
  },
  'lets nobody die': {
    foundBy: 'a member without heartbeats is dead after its time; one with heartbeats lives on',
    Engine: class extends MemoryEngine {
      override heartbeat(member: FleetMember, services: MemberView['services']): MemberView[] {
        return super.heartbeat(member, services, Infinity)
      }
    },
  },
  'lets a member die though it told of itself again': {
    foundBy: 'a member without heartbeats is dead after its time; one with heartbeats lives on',
    Engine: class extends MemoryEngine {
      override heartbeat(member: FleetMember, services: MemberView['services'], ttlMs: number): MemberView[] {
        const { diesAt = this.clock.now() + ttlMs } = this.stored.members.get(member.id) ?? {}
        return super.heartbeat(member, services, diesAt - this.clock.now())
      }
    },
  },
  'keeps who has left': {
    foundBy: 'a member that leaves is gone at once, and no other is',
    Engine: class extends MemoryEngine {
      override leave(member: string): void {
        const left = this.stored.members.get(member)
        super.leave(member)
        if (left !== undefined) this.stored.members.set(member, left)
      }
    },
  },
  'lets all go when one leaves': {
    foundBy: 'a member that leaves is gone at once, and no other is',
    Engine: class extends MemoryEngine {
      override leave(member: string): void {
        super.leave(member)
        this.stored.members.clear()
      }
    },
  },
}

const EVIDENCE_FAULTS: Record<string, Fault> = {
  'needs nobody else: its quorum is one': {
    foundBy: 'a single member opens nothing, however many failures it reports',
    Engine: judging((reported, threshold) => sum(reported) >= threshold),
  },
  'needs two where one is alone': {
    foundBy: 'of 1 live members 1 have to report, and 5 failures in total',
    Engine: judging((reported, threshold) => reported.length >= 2 && sum(reported) >= threshold),
  },
  'needs half of the members': {
    foundBy: 'of 6 live members 2 have to report, and 5 failures in total',
    Engine: judging((reported, threshold, live) => reported.length >= live / 2 && sum(reported) >= threshold),
  },
  'needs two of any number of members': {
    foundBy: 'of 7 live members 3 have to report, and 6 failures in total',
    Engine: judging((reported, threshold, live) => reported.length >= Math.min(2, live) && sum(reported) >= threshold),
  },
  'does not look at the threshold': {
    foundBy: 'of 2 live members 2 have to report, and 5 failures in total',
    Engine: judging((reported, _, live) => reported.length >= Math.min(2, live)),
  },
  'counts the dead among those that live': {
    foundBy: 'dead members do not count as live ones',
    Engine: class extends MemoryEngine {
      protected override live(): Member[] {
        return [...this.stored.members.values()]
      }
    },
  },
  'adds what a member reports to what it reported before': {
    foundBy: "a member's report replaces its earlier one",
    Engine: class extends MemoryEngine {
      protected override take(member: string, evidence: Evidence): void {
        const before = this.stored.evidence.get(evidence.service)?.get(member)?.failures ?? 0
        super.take(member, { ...evidence, failures: evidence.failures && evidence.failures + before })
      }
    },
  },
  'hears nothing of a success': {
    foundBy: "a success withdraws a member's report",
    Engine: class extends MemoryEngine {
      protected override take(member: string, evidence: Evidence): void {
        if (evidence.failures > 0) super.take(member, evidence)
      }
    },
  },
  'keeps the evidence of who has left': {
    foundBy: 'the report of a member that has left no longer counts',
    Engine: class extends MemoryEngine {
      override leave(member: string): void {
        const { evidence } = this.save()
        super.leave(member)
        this.stored.evidence.clear()
        for (const [service, reported] of evidence) this.stored.evidence.set(service, reported)
      }
    },
  },
  'never forgets evidence': {
    foundBy: 'evidence counts for ten seconds and no longer',
    Engine: remembering((age) => Math.min(age, 1)),
  },
  'forgets evidence too soon': {
    foundBy: 'evidence counts for ten seconds and no longer',
    Engine: remembering((age) => age * 2),
  },
  'has one circuit for the services of a report': {
    foundBy: 'one report may cover several services with any names; each has its own circuit',
    Engine: class extends MemoryEngine {
      override report(member: string, evidence: readonly Evidence[]): SharedCircuitView[] {
        return super.report(member, evidence.slice(0, 1))
      }
    },
  },
  'hints no opening': {
    foundBy: 'all members get one hint of an opening, and can read it then; its remaining time decreases',
    Engine: hinting((hint) => (hint.kind === 'circuit' ? undefined : hint)),
  },
  'hints an opening before it has done it': {
    foundBy: 'all members get one hint of an opening, and can read it then; its remaining time decreases',
    Engine: class extends MemoryEngine {
      protected override becomes(...args: Parameters<MemoryEngine['becomes']>): void {
        super.becomes(...args)
        const [, service] = args
        const circuit = this.stored.circuits.get(service)
        this.stored.circuits.delete(service)
        this.clock.setTimer(() => circuit && this.stored.circuits.set(service, circuit), 5)
      }
    },
  },
  'tells the time of a circuit in seconds': {
    foundBy: 'all members get one hint of an opening, and can read it then; its remaining time decreases',
    Engine: viewing((view) => ({ ...view, remainingMs: view.remainingMs / 1_000 })),
  },
  'tells how long a circuit was to be open, and not how long it still is': {
    foundBy: 'all members get one hint of an opening, and can read it then; its remaining time decreases',
    Engine: viewing((view) => (view.remainingMs > 0 ? { ...view, remainingMs: RECOVERY_MS } : view)),
  },
  'tells nobody who reports late that the circuit is open': {
    foundBy: 'a report about an open circuit returns that circuit, and has no effect',
    Engine: class extends MemoryEngine {
      override report(member: string, evidence: readonly Evidence[]): SharedCircuitView[] {
        return super.report(
          member,
          evidence.filter(({ service }) => this.stored.circuits.get(service)?.state !== 'open'),
        )
      }
    },
  },
  'opens anew what is open': {
    foundBy: 'a report about an open circuit returns that circuit, and has no effect',
    Engine: class extends MemoryEngine {
      protected override take(member: string, evidence: Evidence): void {
        const isOpen = this.stored.circuits.get(evidence.service)?.state === 'open'
        if (isOpen) this.becomes(member, evidence.service, 'open', evidence.recoveryMs)
        else super.take(member, evidence)
      }
    },
  },
  'looks whether a circuit is open, and opens it a moment later': {
    foundBy: 'simultaneous reports open it once',
    Engine: class extends MemoryEngine {
      protected override becomes(...args: Parameters<MemoryEngine['becomes']>): void {
        if (args[2] === 'open') this.clock.setTimer(() => super.becomes(...args), 0)
        else super.becomes(...args)
      }
    },
  },
  'keeps the evidence of before in a circuit that has closed': {
    foundBy: 'the evidence that opened a circuit is gone when it has closed',
    Engine: class extends MemoryEngine {
      protected override becomes(...args: Parameters<MemoryEngine['becomes']>): void {
        const evidence = this.stored.evidence.get(args[1])
        super.becomes(...args)
        if (evidence !== undefined) this.stored.evidence.set(args[1], evidence)
      }
    },
  },
}

const PROBE_FAULTS: Record<string, Fault> = {
  'gives the probe to everybody who asks': {
    foundBy: 'no member gets the probe before its time; then exactly one does',
    Engine: taking((engine, circuit) => {
      if (circuit.probesAt <= engine.clock.now()) circuit.probe = undefined
    }),
  },
  'gives the probe before its time': {
    foundBy: 'no member gets the probe before its time; then exactly one does',
    Engine: taking((_, circuit) => Object.assign(circuit, { probesAt: 0 })),
  },
  'does not tell who probes': {
    foundBy: 'all members can read who probes, and how long the lease lasts',
    Engine: viewing((view) => ({ ...view, probe: undefined })),
  },
  'tells in seconds how long a lease lasts': {
    foundBy: 'all members can read who probes, and how long the lease lasts',
    Engine: viewing(({ probe, ...view }) => ({
      ...view,
      probe: probe && { ...probe, remainingMs: probe.remainingMs / 1_000 },
    })),
  },
  'gives the probe of a circuit that is closed': {
    foundBy: 'there is no probe for an unknown or closed circuit',
    Engine: taking((_, circuit) => Object.assign(circuit, { state: 'open' })),
  },
  'takes a circuit that it does not know of for closed': {
    foundBy: 'there is no probe for an unknown or closed circuit',
    Engine: class extends MemoryEngine {
      override takeProbe(...args: Parameters<MemoryEngine['takeProbe']>): ProbeLease | SharedCircuitView | undefined {
        const closed = { service: args[1], state: 'closed', generation: 'none', remainingMs: 0 } as const
        return super.takeProbe(...args) ?? closed
      }
    },
  },
  'closes a circuit that it does not know of': {
    foundBy: 'there is no probe for an unknown or closed circuit',
    Engine: class extends MemoryEngine {
      override settleProbe(lease: ProbeLease, result: ProbeResult, recoveryMs: number): boolean {
        if (!this.stored.circuits.has(lease.service)) this.becomes('nobody', lease.service, 'closed', 0)
        return super.settleProbe(lease, result, recoveryMs)
      }
    },
  },
  'opens a circuit anew for as long as before, whatever it is told': {
    foundBy: 'a successful probe closes the circuit for all; a failed one opens it again',
    Engine: settling((result) => [result, RECOVERY_MS]),
  },
  'leaves a circuit as it is when its probe has failed': {
    foundBy: 'a successful probe closes the circuit for all; a failed one opens it again',
    Engine: settling((result, recoveryMs) => [result === 'failed' ? 'unused' : result, recoveryMs]),
  },
  'has one generation for all that a circuit goes through': {
    foundBy: 'a successful probe closes the circuit for all; a failed one opens it again',
    Engine: class extends MemoryEngine {
      protected override unique(what: string): string {
        return what === 'generation' ? 'generation' : super.unique(what)
      }
    },
  },
  'hints no closing': {
    foundBy: 'a successful probe closes the circuit for all; a failed one opens it again',
    Engine: hinting((hint) => (hint.kind === 'circuit' && hint.circuit.state === 'closed' ? undefined : hint)),
  },
  'keeps a lease that was settled': {
    foundBy: 'a lease is settled once',
    Engine: class extends MemoryEngine {
      override settleProbe(lease: ProbeLease, result: ProbeResult, recoveryMs: number): boolean {
        const probe = this.stored.circuits.get(lease.service)?.probe
        const isSettled = super.settleProbe(lease, result, recoveryMs)
        const circuit = this.stored.circuits.get(lease.service)
        if (isSettled && circuit !== undefined) circuit.probe = probe
        return isSettled
      }
    },
  },
  'takes a probe that was not used for one that failed': {
    foundBy: 'another member can take a probe that was returned unused',
    Engine: settling((result, recoveryMs) => [result === 'unused' ? 'failed' : result, recoveryMs]),
  },
  'takes a probe that was not used for one that succeeded': {
    foundBy: 'another member can take a probe that was returned unused',
    Engine: settling((result, recoveryMs) => [result === 'unused' ? 'succeeded' : result, recoveryMs]),
  },
  'does not fence a lease: it takes any token': {
    foundBy: 'another member can take an expired lease; the old lease has no effect any more',
    Engine: class extends MemoryEngine {
      override settleProbe(lease: ProbeLease, result: ProbeResult, recoveryMs: number): boolean {
        const { token = lease.token } = this.stored.circuits.get(lease.service)?.probe ?? {}
        return super.settleProbe({ ...lease, token }, result, recoveryMs)
      }
    },
  },
  'lengthens the lease of another one': {
    foundBy: 'another member can take an expired lease; the old lease has no effect any more',
    Engine: class extends MemoryEngine {
      override renewProbe(lease: ProbeLease, leaseMs: number): boolean {
        const { token = lease.token } = this.stored.circuits.get(lease.service)?.probe ?? {}
        return super.renewProbe({ ...lease, token }, leaseMs)
      }
    },
  },
  'has leases that never end': {
    foundBy: 'another member can take an expired lease; the old lease has no effect any more',
    Engine: class extends MemoryEngine {
      override takeProbe(member: string, service: string): ProbeLease | SharedCircuitView | undefined {
        return super.takeProbe(member, service, Infinity)
      }
    },
  },
  'keeps the lease of a member that has left': {
    foundBy: 'another member can take the lease of one that has left; leases of others stay',
    Engine: class extends MemoryEngine {
      override leave(member: string): void {
        const { circuits } = this.save()
        super.leave(member)
        for (const [service, { probe }] of circuits) Object.assign(this.stored.circuits.get(service) ?? {}, { probe })
      }
    },
  },
  'ends all leases when one leaves': {
    foundBy: 'another member can take the lease of one that has left; leases of others stay',
    Engine: class extends MemoryEngine {
      override leave(member: string): void {
        super.leave(member)
        for (const circuit of this.stored.circuits.values()) circuit.probe = undefined
      }
    },
  },
  'does not lengthen a lease': {
    foundBy: 'a lease can be extended',
    Engine: class extends MemoryEngine {
      override renewProbe(lease: ProbeLease): boolean {
        return this.stored.circuits.get(lease.service)?.probe?.token === lease.token
      }
    },
  },
  'counts its generations from one again when it has lost its data': {
    foundBy: 'after the engine has lost its data the circuit is unknown, and no generation or lease is reused',
    Engine: countingAnew('generation'),
  },
  'counts its leases from one again when it has lost its data': {
    foundBy: 'after the engine has lost its data the circuit is unknown, and no generation or lease is reused',
    Engine: countingAnew('lease'),
  },
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}

/** Counts something from one again when it has lost its data. */
function countingAnew(what: string) {
  return class extends MemoryEngine {
    #counted = 0
    override restart(stored: Stored | undefined): void {
      this.#counted = 0
      super.restart(stored)
    }
    protected override unique(of: string): string {
      return of === what ? `${what} ${++this.#counted}` : super.unique(of)
    }
  }
}

/** Hints something else. */
function hinting(changed: (hint: Hint) => Hint | undefined) {
  return class extends MemoryEngine {
    protected override hint(hint: Hint): void {
      const told = changed(hint)
      if (told !== undefined) super.hint(told)
    }
  }
}

/** Replies something else to a heartbeat. */
function telling(changed: (members: readonly MemberView[], teller: FleetMember) => MemberView[]) {
  return class extends MemoryEngine {
    override heartbeat(...args: Parameters<MemoryEngine['heartbeat']>): MemberView[] {
      return changed(super.heartbeat(...args), args[0])
    }
  }
}

/** Opens circuits by another rule. */
function judging(suffices: (reported: readonly number[], threshold: number, live: number) => boolean) {
  return class extends MemoryEngine {
    protected override suffices(reported: readonly number[], threshold: number): boolean {
      return suffices(reported, threshold, this.live().length)
    }
  }
}

/** Has evidence of another age. */
function remembering(aged: (ageMs: number) => number) {
  return class extends MemoryEngine {
    protected override take(member: string, evidence: Evidence): void {
      const reported = this.stored.evidence.get(evidence.service)
      const now = this.clock.now()
      for (const [id, { failures, at }] of reported ?? []) reported?.set(id, { failures, at: now - aged(now - at) })
      super.take(member, evidence)
    }
  }
}

/** Tells something else of a circuit. */
function viewing(changed: (view: SharedCircuitView) => SharedCircuitView) {
  return class extends MemoryEngine {
    protected override view(service: string): SharedCircuitView | undefined {
      const view = super.view(service)
      return view && changed(view)
    }
  }
}

/** Changes a circuit before its probe is taken. */
function taking(
  changed: (engine: MemoryEngine, circuit: Stored['circuits'] extends Map<string, infer C> ? C : never) => void,
) {
  return class extends MemoryEngine {
    override takeProbe(...args: Parameters<MemoryEngine['takeProbe']>): ProbeLease | SharedCircuitView | undefined {
      const circuit = this.stored.circuits.get(args[1])
      if (circuit !== undefined) changed(this, circuit)
      return super.takeProbe(...args)
    }
  }
}

/** Takes something else for what a probe has found. */
function settling(changed: (result: ProbeResult, recoveryMs: number) => [ProbeResult, number]) {
  return class extends MemoryEngine {
    override settleProbe(lease: ProbeLease, result: ProbeResult, recoveryMs: number): boolean {
      return super.settleProbe(lease, ...changed(result, recoveryMs))
    }
  }
}

const FAULTS = { ...CONNECTION_FAULTS, ...VERSION_FAULTS, ...MEMBER_FAULTS, ...EVIDENCE_FAULTS, ...PROBE_FAULTS }

describe('the contract of stores finds a store that', () => {
  for (const [name, fault] of Object.entries(FAULTS)) {
    test(name, async () => {
      expect(await brokenPromises(fault)).toContain(fault.foundBy)
    })
  }
})

test('each promise of a store is one that can be broken', () => {
  const titles = PROMISES.map(({ title }) => title)
  expect(new Set(Object.values(FAULTS).map(({ foundBy }) => foundBy))).toEqual(new Set(titles))
})

test('a store without a fault breaks none', async () => {
  expect(await brokenPromises({ foundBy: '' })).toEqual([])
})
