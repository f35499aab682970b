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
    foundBy: 'a store says that it is connected when it hears the others, once',
    store: hearing(({ connected }) => ({
      connected: () => {
        connected()
        connected()
      },
    })),
  },
  'says that it is connected before it hears the others': {
    foundBy: 'it hears all that happens from the moment on in which it says that it is connected',
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
    foundBy: 'a store that is told to connects anew: it says so, and hears the others again',
    store: () => ({ reconnect: () => undefined }),
  },
  'does not say that it connects anew': {
    foundBy: 'a store that is told to connects anew: it says so, and hears the others again',
    store: hearing(() => ({ disconnected: () => undefined })),
  },
  'goes on when it is closed': {
    foundBy: 'a store that was closed hears nothing, says nothing and does nothing',
    store: () => ({ close: async () => undefined }),
  },
  'says that it is disconnected when it is closed': {
    foundBy: 'a store that was closed hears nothing, says nothing and does nothing',
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
    foundBy: 'what is pending when a store is closed rejects',
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
  'has one namespace for all': { foundBy: 'namespaces have nothing in common', engineOf: () => 'all' },
  'takes a namespace for the beginning of another one': {
    foundBy: 'namespaces have nothing in common',
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
    foundBy: 'each invalidation gives its scopes other tokens, and says what they had before',
    Engine: class extends MemoryEngine {
      protected override unique(what: string): string {
        return what === 'token' ? 'token' : super.unique(what)
      }
    },
  },
  'does not say what was before': {
    foundBy: 'each invalidation gives its scopes other tokens, and says what they had before',
    Engine: class extends MemoryEngine {
      override invalidate(...args: Parameters<MemoryEngine['invalidate']>): Invalidated {
        return { ...super.invalidate(...args), previous: {} }
      }
    },
  },
  'gives all scopes another token': {
    foundBy: 'each invalidation gives its scopes other tokens, and says what they had before',
    Engine: class extends MemoryEngine {
      override invalidate(member: string, scopes: readonly string[]): Invalidated {
        return super.invalidate(member, [...new Set([...scopes, ...this.stored.tokens.keys()])])
      }
    },
  },
  'orders its tokens: it counts, from one again when it has lost its data': {
    foundBy: 'after the engine has lost its data nothing is called as before',
    Engine: countingAnew('token'),
  },
  'has the same epoch when it has lost its data': {
    foundBy: 'after the engine has lost its data nothing is called as before',
    Engine: countingAnew('epoch'),
  },
  'reads what was before, and then invalidates': {
    foundBy: 'those that come at once follow one another: each knows what was before it',
    store: ({ invalidate, read }) => ({
      invalidate: async (member, scopes) => {
        const { tokens } = (await read()).versions
        const previous = Object.entries(tokens).filter(([scope]) => scopes.includes(scope))
        return { ...(await invalidate(member, scopes)), previous: Object.fromEntries(previous) }
      },
    }),
  },
  'hints no invalidation': {
    foundBy: 'all hear of it, who said it too: with the token that is in the store',
    Engine: hinting((hint) => (hint.kind === 'invalidated' ? undefined : hint)),
  },
  'hints another token than it has': {
    foundBy: 'all hear of it, who said it too: with the token that is in the store',
    Engine: hinting((hint) => (hint.kind === 'invalidated' ? { ...hint, token: `${hint.token}.` } : hint)),
  },
  'tells the others only': {
    foundBy: 'all hear of it, who said it too: with the token that is in the store',
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
    foundBy: 'who hears of it can read it already',
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
    foundBy: 'a heartbeat tells who lives, and how their services do',
    Engine: telling((members, teller) => members.filter(({ id }) => id !== teller.id)),
  },
  'tells in seconds how long ago a member was seen': {
    foundBy: 'a heartbeat tells who lives, and how their services do',
    Engine: telling((members) => members.map((one) => ({ ...one, seenMsAgo: one.seenMsAgo / 1_000 }))),
  },
  'tells when a member was seen, and not how long ago': {
    foundBy: 'a heartbeat tells who lives, and how their services do',
    Engine: class extends MemoryEngine {
      override heartbeat(...args: Parameters<MemoryEngine['heartbeat']>): MemberView[] {
        const now = this.clock.now()
        return super.heartbeat(...args).map((one) => ({ ...one, seenMsAgo: now - one.seenMsAgo }))
      }
    },
  },
  'keeps what a member told first': {
    foundBy: 'what a member tells takes the place of what it told before',
    Engine: class extends MemoryEngine {
      override heartbeat(member: FleetMember, services: MemberView['services'], ttlMs: number): MemberView[] {
        return super.heartbeat(member, this.stored.members.get(member.id)?.services ?? services, ttlMs)
      }
    },
  },
  'forgets the services of a member at its second heartbeat': {
    foundBy: 'what a member tells takes the place of what it told before',
    Engine: class extends MemoryEngine {
      override heartbeat(member: FleetMember, services: MemberView['services'], ttlMs: number): MemberView[] {
        return super.heartbeat(member, this.stored.members.has(member.id) ? {} : services, ttlMs)
      }
    },
  },
  'knows when a member came, and not when it was last seen': {
    foundBy: 'what a member tells takes the place of what it told before',
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
    foundBy: 'one that tells nothing any more is dead after its time; one that does lives on',
    Engine: class extends MemoryEngine {
      override heartbeat(member: FleetMember, services: MemberView['services']): MemberView[] {
        return super.heartbeat(member, services, Infinity)
      }
    },
  },
  'lets a member die though it told of itself again': {
    foundBy: 'one that tells nothing any more is dead after its time; one that does lives on',
    Engine: class extends MemoryEngine {
      override heartbeat(member: FleetMember, services: MemberView['services'], ttlMs: number): MemberView[] {
        const { diesAt = this.clock.now() + ttlMs } = this.stored.members.get(member.id) ?? {}
        return super.heartbeat(member, services, diesAt - this.clock.now())
      }
    },
  },
  'keeps who has left': {
    foundBy: 'one that leaves is gone at once, and nobody else is',
    Engine: class extends MemoryEngine {
      override leave(member: string): void {
        const left = this.stored.members.get(member)
        super.leave(member)
        if (left !== undefined) this.stored.members.set(member, left)
      }
    },
  },
  'lets all go when one leaves': {
    foundBy: 'one that leaves is gone at once, and nobody else is',
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
    foundBy: 'one alone opens nothing, however often it fails',
    Engine: judging((reported, threshold) => sum(reported) >= threshold),
  },
  'needs two where one is alone': {
    foundBy: 'of 1 that live 1 have to report, and 5 failures in all',
    Engine: judging((reported, threshold) => reported.length >= 2 && sum(reported) >= threshold),
  },
  'needs half of the members': {
    foundBy: 'of 6 that live 2 have to report, and 5 failures in all',
    Engine: judging((reported, threshold, live) => reported.length >= live / 2 && sum(reported) >= threshold),
  },
  'needs two of any number of members': {
    foundBy: 'of 7 that live 3 have to report, and 6 failures in all',
    Engine: judging((reported, threshold, live) => reported.length >= Math.min(2, live) && sum(reported) >= threshold),
  },
  'does not look at the threshold': {
    foundBy: 'of 2 that live 2 have to report, and 5 failures in all',
    Engine: judging((reported, _, live) => reported.length >= Math.min(2, live)),
  },
  'counts the dead among those that live': {
    foundBy: 'the dead do not count among those that live',
    Engine: class extends MemoryEngine {
      protected override live(): Member[] {
        return [...this.stored.members.values()]
      }
    },
  },
  'adds what a member reports to what it reported before': {
    foundBy: 'what a member reports takes the place of what it reported before',
    Engine: class extends MemoryEngine {
      protected override take(member: string, evidence: Evidence): void {
        const before = this.stored.evidence.get(evidence.service)?.get(member)?.failures ?? 0
        super.take(member, { ...evidence, failures: evidence.failures && evidence.failures + before })
      }
    },
  },
  'hears nothing of a success': {
    foundBy: 'a success takes back what a member reported',
    Engine: class extends MemoryEngine {
      protected override take(member: string, evidence: Evidence): void {
        if (evidence.failures > 0) super.take(member, evidence)
      }
    },
  },
  'keeps the evidence of who has left': {
    foundBy: 'what a member reported that has left counts no more',
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
    foundBy: 'evidence counts for ten seconds, and no longer',
    Engine: remembering((age) => Math.min(age, 1)),
  },
  'forgets evidence too soon': {
    foundBy: 'evidence counts for ten seconds, and no longer',
    Engine: remembering((age) => age * 2),
  },
  'has one circuit for the services of a report': {
    foundBy: 'one report may be of several services, whatever they are called; each is a circuit of its own',
    Engine: class extends MemoryEngine {
      override report(member: string, evidence: readonly Evidence[]): SharedCircuitView[] {
        return super.report(member, evidence.slice(0, 1))
      }
    },
  },
  'hints no opening': {
    foundBy: 'all hear of an opening, once, and can read it then; its time goes by',
    Engine: hinting((hint) => (hint.kind === 'circuit' ? undefined : hint)),
  },
  'hints an opening before it has done it': {
    foundBy: 'all hear of an opening, once, and can read it then; its time goes by',
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
    foundBy: 'all hear of an opening, once, and can read it then; its time goes by',
    Engine: viewing((view) => ({ ...view, remainingMs: view.remainingMs / 1_000 })),
  },
  'tells how long a circuit was to be open, and not how long it still is': {
    foundBy: 'all hear of an opening, once, and can read it then; its time goes by',
    Engine: viewing((view) => (view.remainingMs > 0 ? { ...view, remainingMs: RECOVERY_MS } : view)),
  },
  'tells nobody who reports late that the circuit is open': {
    foundBy: 'who reports of a circuit that is open is told so, and nothing comes of it',
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
    foundBy: 'who reports of a circuit that is open is told so, and nothing comes of it',
    Engine: class extends MemoryEngine {
      protected override take(member: string, evidence: Evidence): void {
        const isOpen = this.stored.circuits.get(evidence.service)?.state === 'open'
        if (isOpen) this.becomes(member, evidence.service, 'open', evidence.recoveryMs)
        else super.take(member, evidence)
      }
    },
  },
  'looks whether a circuit is open, and opens it a moment later': {
    foundBy: 'reports that come at once open it once',
    Engine: class extends MemoryEngine {
      protected override becomes(...args: Parameters<MemoryEngine['becomes']>): void {
        if (args[2] === 'open') this.clock.setTimer(() => super.becomes(...args), 0)
        else super.becomes(...args)
      }
    },
  },
  'keeps the evidence of before in a circuit that has closed': {
    foundBy: 'what opened a circuit is not there any more when it has closed',
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
    foundBy: 'nobody gets the probe before its time, and then one does',
    Engine: taking((engine, circuit) => {
      if (circuit.probesAt <= engine.clock.now()) circuit.probe = undefined
    }),
  },
  'gives the probe before its time': {
    foundBy: 'nobody gets the probe before its time, and then one does',
    Engine: taking((_, circuit) => Object.assign(circuit, { probesAt: 0 })),
  },
  'does not tell who probes': {
    foundBy: 'all can read who probes, and how long its lease lasts',
    Engine: viewing((view) => ({ ...view, probe: undefined })),
  },
  'tells in seconds how long a lease lasts': {
    foundBy: 'all can read who probes, and how long its lease lasts',
    Engine: viewing(({ probe, ...view }) => ({
      ...view,
      probe: probe && { ...probe, remainingMs: probe.remainingMs / 1_000 },
    })),
  },
  'gives the probe of a circuit that is closed': {
    foundBy: 'there is no probe of a circuit that nobody knows of, or that is closed',
    Engine: taking((_, circuit) => Object.assign(circuit, { state: 'open' })),
  },
  'takes a circuit that it does not know of for closed': {
    foundBy: 'there is no probe of a circuit that nobody knows of, or that is closed',
    Engine: class extends MemoryEngine {
      override takeProbe(...args: Parameters<MemoryEngine['takeProbe']>): ProbeLease | SharedCircuitView | undefined {
        const closed = { service: args[1], state: 'closed', generation: 'none', remainingMs: 0 } as const
        return super.takeProbe(...args) ?? closed
      }
    },
  },
  'closes a circuit that it does not know of': {
    foundBy: 'there is no probe of a circuit that nobody knows of, or that is closed',
    Engine: class extends MemoryEngine {
      override settleProbe(lease: ProbeLease, result: ProbeResult, recoveryMs: number): boolean {
        if (!this.stored.circuits.has(lease.service)) this.becomes('nobody', lease.service, 'closed', 0)
        return super.settleProbe(lease, result, recoveryMs)
      }
    },
  },
  'opens a circuit anew for as long as before, whatever it is told': {
    foundBy: 'a probe that found the service well closes the circuit for all; one that failed opens it anew',
    Engine: settling((result) => [result, RECOVERY_MS]),
  },
  'leaves a circuit as it is when its probe has failed': {
    foundBy: 'a probe that found the service well closes the circuit for all; one that failed opens it anew',
    Engine: settling((result, recoveryMs) => [result === 'failed' ? 'unused' : result, recoveryMs]),
  },
  'has one generation for all that a circuit goes through': {
    foundBy: 'a probe that found the service well closes the circuit for all; one that failed opens it anew',
    Engine: class extends MemoryEngine {
      protected override unique(what: string): string {
        return what === 'generation' ? 'generation' : super.unique(what)
      }
    },
  },
  'hints no closing': {
    foundBy: 'a probe that found the service well closes the circuit for all; one that failed opens it anew',
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
    foundBy: 'a probe that was not used is another one’s',
    Engine: settling((result, recoveryMs) => [result === 'unused' ? 'failed' : result, recoveryMs]),
  },
  'takes a probe that was not used for one that succeeded': {
    foundBy: 'a probe that was not used is another one’s',
    Engine: settling((result, recoveryMs) => [result === 'unused' ? 'well' : result, recoveryMs]),
  },
  'does not fence a lease: it takes any token': {
    foundBy: 'a lease that has ended is another one’s; the old one says nothing any more',
    Engine: class extends MemoryEngine {
      override settleProbe(lease: ProbeLease, result: ProbeResult, recoveryMs: number): boolean {
        const { token = lease.token } = this.stored.circuits.get(lease.service)?.probe ?? {}
        return super.settleProbe({ ...lease, token }, result, recoveryMs)
      }
    },
  },
  'lengthens the lease of another one': {
    foundBy: 'a lease that has ended is another one’s; the old one says nothing any more',
    Engine: class extends MemoryEngine {
      override renewProbe(lease: ProbeLease, leaseMs: number): boolean {
        const { token = lease.token } = this.stored.circuits.get(lease.service)?.probe ?? {}
        return super.renewProbe({ ...lease, token }, leaseMs)
      }
    },
  },
  'has leases that never end': {
    foundBy: 'a lease that has ended is another one’s; the old one says nothing any more',
    Engine: class extends MemoryEngine {
      override takeProbe(member: string, service: string): ProbeLease | SharedCircuitView | undefined {
        return super.takeProbe(member, service, Infinity)
      }
    },
  },
  'keeps the lease of a member that has left': {
    foundBy: 'a lease whose member has left is another one’s; the lease of another one stays',
    Engine: class extends MemoryEngine {
      override leave(member: string): void {
        const { circuits } = this.save()
        super.leave(member)
        for (const [service, { probe }] of circuits) Object.assign(this.stored.circuits.get(service) ?? {}, { probe })
      }
    },
  },
  'ends all leases when one leaves': {
    foundBy: 'a lease whose member has left is another one’s; the lease of another one stays',
    Engine: class extends MemoryEngine {
      override leave(member: string): void {
        super.leave(member)
        for (const circuit of this.stored.circuits.values()) circuit.probe = undefined
      }
    },
  },
  'does not lengthen a lease': {
    foundBy: 'a lease can be lengthened',
    Engine: class extends MemoryEngine {
      override renewProbe(lease: ProbeLease): boolean {
        return this.stored.circuits.get(lease.service)?.probe?.token === lease.token
      }
    },
  },
  'counts its generations from one again when it has lost its data': {
    foundBy:
      'after the engine has lost its data nobody knows of the circuit, and no generation and no lease is as before',
    Engine: countingAnew('generation'),
  },
  'counts its leases from one again when it has lost its data': {
    foundBy:
      'after the engine has lost its data nobody knows of the circuit, and no generation and no lease is as before',
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
