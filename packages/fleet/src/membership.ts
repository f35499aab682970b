import { hostname } from 'node:os'
import { randomUUID } from 'node:crypto'
import { InvalidOptionError } from '@svcproxy/core'
import { atMost, attachFleet } from '@svcproxy/core/adapter'
import type {
  Cause,
  Caused,
  FleetInvalidation,
  FleetMember,
  FleetState,
  FleetStatus,
  ServiceEvent,
  ServiceProxyManager,
} from '@svcproxy/core'
import { Disconnection } from './disconnection.ts'
import { HintGate } from './hint-gate.ts'
import { decodeHint } from './hint.ts'
import type { Hint } from './hint.ts'
import { Members } from './members.ts'
import type { ResolvedFleetOptions } from './options.ts'
import { EVERYTHING, SharedVersions } from './shared-versions.ts'
import type { FleetOfCircuit, SharedCircuit } from './shared-circuit.ts'
import { noCounts } from './fleet.ts'
import type { Fleet } from './fleet.ts'
import type { FleetSnapshot, FleetStore, FleetStoreListener } from './store.ts'
import { sharedCircuitsOf } from './shared-circuits-of.ts'
import { Timers } from './timers.ts'

const HEARTBEAT_MS = 5_000
const READ_MS = 15_000
/** The minimum intervals of frequent work, in milliseconds: of failure reports, of heartbeats after a change, of reads. */
const REPORT_MS = 2
const TELL_MS = 100
const LOOK_MS = 200
/** How soon it tries again if the store is connected but did not answer, in milliseconds. */
const RETRY_MS = 1_000
/**
 * How long leaving may take, in milliseconds. If the store does not answer, the others notice by the missing
 * heartbeats.
 */
const LEAVE_MS = 1_000

/**
 * This process as a member of a fleet: it applies the invalidations of others and sends its own, and shares circuits
 * with them. Calls never wait for it: what they need to know of the fleet is in memory.
 */
export class Membership<M extends object> implements Fleet<M>, FleetOfCircuit, FleetStoreListener {
  readonly #manager: ServiceProxyManager<M>
  readonly #options: ResolvedFleetOptions
  readonly #member: FleetMember
  readonly #members: Members<M>
  readonly #versions = new SharedVersions(
    (scope) => this.#invalidated(scope),
    () => this.#manager.clock.now(),
  )
  readonly #circuits: ReadonlyMap<string, SharedCircuit>
  readonly #gate: HintGate
  readonly #disconnection: Disconnection<M>
  readonly #counts = noCounts()
  readonly #timers: Timers
  #state: FleetState = 'connecting'
  /** The current connection, a new object for each: work that was begun on one does not continue on the next. */
  #connection: object | undefined
  #since: Date
  #lastError: unknown
  #stopListening: () => void = () => {}
  #onFirstContact: () => void = () => {}
  #left: Promise<void> | undefined

  constructor(manager: ServiceProxyManager<M>, options: ResolvedFleetOptions) {
    this.#manager = manager
    this.#options = options
    this.#member = { id: randomUUID(), label: options.label ?? `${hostname()}:${process.pid}` }
    this.#members = new Members(manager, this.#member)
    this.#since = new Date(manager.clock.wallNow())
    this.#gate = new HintGate(manager.clock)
    this.#timers = new Timers(manager.clock, options.random)
    this.#disconnection = new Disconnection(options.whileDisconnected, manager)
    this.#circuits = sharedCircuitsOf(manager, options, this.#member.id, this)
  }

  /** Resolves when it is connected, or when it has waited long enough: then it connects in the background. */
  async join(): Promise<void> {
    const { store, namespace, joinTimeoutMs } = this.#options
    attachFleet(this.#manager, this)
    this.#stopListening = this.#manager.onAny((event) => this.#heard(event))
    const contact = new Promise<void>((resolve) => (this.#onFirstContact = resolve))
    store.open(namespace, this)
    await atMost(contact, joinTimeoutMs, this.#manager.clock, true)
    if (this.#state === 'connecting') this.#becomes('degraded')
  }

  get status(): FleetStatus {
    return {
      state: this.#state,
      since: this.#since,
      namespace: this.#options.namespace,
      member: this.#member,
      members: this.#members.views,
      circuits: [...this.#circuits.values()].flatMap(({ view }) => view ?? []),
      queuedInvalidations: this.#versions.queued,
      counts: { ...this.#counts },
      lastError: this.#lastError,
    }
  }

  refresh(): Promise<void> {
    return this.#members.refresh(async () => {
      await this.#beat()
      // The store does not announce which member probes, so this has to be read.
      if ([...this.#circuits.values()].some(({ view }) => view?.state === 'open')) await this.#readNow()
    })
  }

  async invalidate(service?: string, { cause = 'process' }: Caused = {}): Promise<FleetInvalidation> {
    if (service !== undefined && !this.#manager.has(service)) {
      throw new InvalidOptionError('service', 'the name of a service of the manager', service)
    }
    const scope = service ?? EVERYTHING
    this.#invalidate(scope, cause)
    this.#versions.queue(scope)
    return { local: true, fleet: (await this.#flush()) ? 'sent' : 'queued' }
  }

  leave(): Promise<void> {
    return (this.#left ??= this.#leave())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave()
  }

  get connectedStore(): FleetStore | undefined {
    return this.#state === 'connected' ? this.#options.store : undefined
  }

  evidenceChanged(): void {
    this.#timers.nowAndThen('report', REPORT_MS, () => this.#report())
  }

  probeBegan(): void {
    this.#counts.probes++
  }

  storeFailed(error: unknown): void {
    this.#counts.storeErrors++
    this.#lastError = error
  }

  connected(): void {
    this.#connection = {}
    void this.#synchronise(this.#connection)
  }

  disconnected(error: unknown): void {
    if (this.#state === 'left') return
    this.#connection = undefined
    this.#lastError = error
    if (this.#state === 'connected') this.#counts.disconnections++
    if (this.#state !== 'connecting') this.#becomes('degraded')
  }

  hinted(message: string): void {
    if (this.#state === 'left') return
    const hint = decodeHint(message)
    const scope = hint && scopeOf(hint)
    if (hint === undefined || scope === undefined || !this.#knows(hint, scope)) {
      this.#counts.droppedMessages++
    } else if (hint.member !== this.#member.id || hint.kind === 'circuit') {
      this.#heed(hint, scope)
    }
  }

  #knows(hint: Hint, scope: string): boolean {
    if (hint.kind === 'circuit') return this.#circuits.has(scope)
    return scope === EVERYTHING || this.#manager.has(scope)
  }

  #heed(hint: Hint, scope: string): void {
    if (!this.#gate.admits(`${hint.kind} ${scope}`)) {
      this.#counts.deferredHints++
      this.#look()
      return
    }
    this.#counts.hints++
    if (hint.kind === 'circuit') {
      this.#circuits.get(scope)?.told(hint.circuit, true)
      // The hint may be forged.
      this.#look()
    } else {
      const { epoch, token } = hint
      if (!this.#versions.hinted({ epoch, tokens: { [scope]: token } })) this.#look()
    }
  }

  #heard(event: ServiceEvent): void {
    this.#disconnection.heard(event)
    const circuit = this.#circuits.get(event.service)
    if (event.type === 'failures') circuit?.failuresChanged(event.consecutive)
    if (event.type !== 'circuit') return
    circuit?.transitioned(event)
    this.#timers.soon('tell', TELL_MS, () => this.#beat())
  }

  /** Synchronises after a reconnection: applies what has happened in the meantime, here and elsewhere. */
  async #synchronise(connection: object): Promise<void> {
    const { store } = this.#options
    try {
      this.#counts.invalidationsSent += await this.#versions.flush(store, this.#member.id)
      const snapshot = await store.read()
      this.#versions.readAfterLoss(snapshot.versions)
      this.#counts.resyncs++
      this.#counts.invalidationsSent += await this.#versions.flush(store, this.#member.id)
      await this.#members.tell(store)
      if (this.#connection !== connection) return
      this.#becomes('connected')
      this.#onFirstContact()
      this.#takeCircuits(snapshot)
      this.#timers.every('beat', HEARTBEAT_MS, () => this.#beat())
      this.#timers.every('read', READ_MS, () => this.#readAgain())
      await this.#report()
    } catch (error) {
      // If this connection is gone, the next one begins again.
      if (this.#connection !== connection) return
      this.storeFailed(error)
      this.#timers.soon('synchronise', RETRY_MS, async () => {
        if (this.#connection !== undefined) await this.#synchronise(this.#connection)
      })
    }
  }

  async #flush(): Promise<boolean> {
    const store = this.connectedStore
    if (store === undefined) return false
    try {
      this.#counts.invalidationsSent += await this.#versions.flush(store, this.#member.id)
      return true
    } catch (error) {
      this.storeFailed(error)
      return false
    }
  }

  /** Reads the store, whatever the hints said. */
  async #readAgain(): Promise<void> {
    await this.#flush()
    const missed = (await this.#readNow()) ?? 0
    this.#counts.missedHints += missed
    // No hint had announced the change: the subscription may be dead although the connection looks alive.
    if (missed > 0) this.connectedStore?.reconnect()
  }

  /** Something was unclear. */
  #look(): void {
    this.#timers.soon('look', LOOK_MS, async () => {
      if ((await this.#readNow()) !== undefined) this.#counts.resyncs++
    })
  }

  /** Returns how many scopes were found to be invalidated; undefined if the store did not answer. */
  async #readNow(): Promise<number | undefined> {
    const store = this.connectedStore
    if (store === undefined) return undefined
    try {
      return this.#take(await store.read())
    } catch (error) {
      this.storeFailed(error)
      return undefined
    }
  }

  #take(snapshot: FleetSnapshot): number {
    this.#takeCircuits(snapshot)
    return this.#versions.read(snapshot.versions)
  }

  #takeCircuits({ circuits }: FleetSnapshot): void {
    const views = new Map(circuits.map((view) => [view.service, view]))
    for (const [service, circuit] of this.#circuits) {
      const view = views.get(service)
      if (view === undefined) circuit.notFound()
      else circuit.told(view)
    }
  }

  async #report(): Promise<void> {
    const store = this.connectedStore
    if (store === undefined) return
    const evidence = [...this.#circuits.values()].flatMap((circuit) => circuit.takeEvidence() ?? [])
    if (evidence.length === 0) return
    try {
      this.#counts.reports++
      for (const view of await store.report(this.#member.id, evidence)) this.#circuits.get(view.service)?.told(view)
    } catch (error) {
      for (const told of evidence) this.#circuits.get(told.service)?.giveBack(told)
      this.storeFailed(error)
    }
  }

  async #beat(): Promise<void> {
    const store = this.connectedStore
    if (store === undefined) return
    try {
      await this.#members.tell(store)
    } catch (error) {
      this.storeFailed(error)
    }
  }

  #invalidated(scope: string): void {
    this.#counts.invalidationsReceived++
    this.#invalidate(scope, 'fleet')
  }

  #invalidate(scope: string, cause: Cause): void {
    for (const name of this.#manager.names) {
      if (scope === EVERYTHING || scope === name) this.#manager.getProxy(name).invalidateCache({ cause })
    }
  }

  #becomes(state: FleetState): void {
    if (this.#state === 'left' || this.#state === state) return
    this.#state = state
    this.#since = new Date(this.#manager.clock.wallNow())
    if (state === 'degraded') this.#disconnection.begin()
    else this.#disconnection.end()
  }

  async #leave(): Promise<void> {
    const { clock } = this.#manager
    const store = this.connectedStore
    this.#becomes('left')
    this.#connection = undefined
    this.#onFirstContact()
    this.#stopListening()
    this.#disconnection.end()
    this.#timers.end()
    for (const circuit of this.#circuits.values()) circuit.end()
    const leaving = store?.leave(this.#member.id).catch(() => undefined)
    if (leaving !== undefined) await atMost(leaving, LEAVE_MS, clock, true)
    await this.#options.store.close()
  }
}

function scopeOf(hint: Hint): string {
  return hint.kind === 'circuit' ? hint.circuit.service : hint.scope
}
