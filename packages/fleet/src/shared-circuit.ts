import type {
  Clock,
  ServiceEventOf,
  ServiceProxy,
  SharedCircuit as HeldCircuit,
  SharedCircuitView,
  Timer,
} from '@svcproxy/core'
import type { Evidence, FleetStore, ProbeLease, ProbeResult } from './store.ts'

/** What a {@link SharedCircuit} is made from. */
export interface SharedCircuitParts {
  readonly proxy: Pick<ServiceProxy<unknown>, 'name' | 'getCounts' | 'getStatus'>
  readonly circuit: HeldCircuit
  readonly member: string
  readonly clock: Clock
  readonly random: () => number
  /** Consecutive failures that open it, of all members together. */
  readonly threshold: number
  readonly recoveryMs: number
  /** How long a member may take over a trial, in milliseconds: longer than a call may take. */
  readonly leaseMs: number
  readonly fleet: FleetOfCircuit
}

/** What a {@link SharedCircuit} needs of its fleet. */
export interface FleetOfCircuit {
  /** Undefined while it is not connected. */
  readonly connectedStore: FleetStore | undefined
  /** There is evidence to be told. */
  evidenceChanged(): void
  probeBegan(): void
  /** The store did not do what it was asked for. */
  storeFailed(error: unknown): void
}

/** How much longer than the others' a circuit stays open by itself, as a part of its recovery time: chance spreads the members. */
const SPREAD_RATIO = 0.2
/** A circuit is not held for longer than this, or than its own recovery time, in milliseconds, whatever it is told. */
const LONGEST_MS = 300_000
/** How often a member looks whether it may probe, in milliseconds, when the time of the circuit is over. */
const LOOK_MS = 100
/** A member that has the probe and that nobody calls gives it back after so long, in milliseconds. */
const IDLE_MS = 1_000
/** It doubles each time, up to this: calls that come seldom find the circuit half-open in the end. */
const LONGEST_IDLE_MS = 10_000

/**
 * The circuit of one service in this process, as a part of the fleet's: it is open when it has opened by itself or when the
 * fleet's is. It tells the fleet of its failures. When the time of the fleet's is over, one member has the probe: its own
 * circuit makes the trials, on calls of its own, and the others wait for what it finds.
 */
export class SharedCircuit {
  readonly #parts: SharedCircuitParts
  /** As the fleet last told of it, and when. */
  #view: SharedCircuitView | undefined
  #toldAt = 0
  #isConfirmed = false
  /** It has closed by its own trials, and the fleet's is still open. */
  #hasRecovered = false
  /** What the fleet has not been told of; undefined: nothing new. */
  #evidence: number | undefined
  #lease: ProbeLease | undefined
  /** How long it keeps the probe though nobody calls. */
  #idleMs = IDLE_MS
  /** What it does next by itself. */
  #timer: Timer | undefined
  #ended = false

  constructor(parts: SharedCircuitParts) {
    this.#parts = parts
  }

  /** As the fleet last told of it; times count from now. */
  get view(): SharedCircuitView | undefined {
    if (this.#view === undefined) return undefined
    const passedMs = this.#parts.clock.now() - this.#toldAt
    const left = (ms: number): number => Math.max(0, ms - passedMs)
    const { remainingMs, probe } = this.#view
    return {
      ...this.#view,
      remainingMs: left(remainingMs),
      probe: probe && { ...probe, remainingMs: left(probe.remainingMs) },
    }
  }

  /** The circuit counts so many failures in a row. */
  failuresChanged(consecutive: number): void {
    this.#evidence = consecutive
    this.#parts.fleet.evidenceChanged()
  }

  /** What there is to tell; told once. */
  takeEvidence(): Evidence | undefined {
    if (this.#evidence === undefined) return undefined
    const { proxy, threshold, recoveryMs } = this.#parts
    const evidence = { service: proxy.name, failures: this.#evidence, threshold, recoveryMs }
    this.#evidence = undefined
    return evidence
  }

  /** It could not be told. */
  giveBack(evidence: Evidence): void {
    this.#evidence ??= evidence.failures
  }

  /**
   * The fleet's circuit is so.
   * @param isHint somebody says it: it may be made up, and is to be looked up
   */
  told(told: SharedCircuitView, isHint = false): void {
    if (this.#ended) return
    const isNew = this.#view?.generation !== told.generation
    if (isNew || !isHint) this.#isConfirmed = !isHint
    const view = { ...told, remainingMs: Math.min(told.remainingMs, Math.max(this.#parts.recoveryMs, LONGEST_MS)) }
    this.#view = view
    this.#toldAt = this.#parts.clock.now()
    if (isNew) this.#hasRecovered = false
    if (view.state === 'open') {
      if (isNew) this.#open()
      else this.#stillOpen()
    } else if (isNew) {
      this.#stop()
      this.#parts.circuit.letGo()
    }
  }

  /** The store does not know of it. What was only a hint was made up; what was known before has been lost, and is not closed for that. */
  notFound(): void {
    if (this.#view === undefined || this.#isConfirmed) return
    this.#view = undefined
    this.#stop()
    this.#parts.circuit.letGo()
  }

  /** The circuit of this process has changed its state. */
  transitioned({ from, to, cause }: ServiceEventOf<'circuit'>): void {
    if (this.#ended) return
    if (from === 'isolated' && this.#view?.state === 'open') this.#open()
    else if (cause === 'process' && to !== 'half_open') this.#ownTrialsEnded(to === 'closed')
  }

  #ownTrialsEnded(isWell: boolean): void {
    if (this.#lease !== undefined) {
      void this.#settle(this.#lease, isWell ? 'well' : 'failed')
    } else {
      this.#hasRecovered = isWell
      void this.#tellOfOwnTrials(isWell ? 'well' : 'failed')
    }
  }

  /** It goes on by itself: where it is held it makes its own trials when the hold is over. */
  end(): void {
    this.#ended = true
    this.#stop()
  }

  get #isHeld(): boolean {
    return this.#parts.circuit.heldBy !== undefined
  }

  /** How long until a member may probe, as far as it was told. */
  get #remainingMs(): number {
    const { remainingMs = 0, probe } = this.view ?? {}
    return Math.max(remainingMs, probe?.remainingMs ?? 0)
  }

  #stop(): void {
    this.#lease = undefined
    this.#timer?.cancel()
  }

  #open(): void {
    this.#stop()
    this.#idleMs = IDLE_MS
    this.#hold()
    this.#lookIn(this.#remainingMs)
  }

  /** Whoever has the probe may have taken it late, or in the place of one that died: its lease is the time to wait for. */
  #stillOpen(): void {
    if (this.#isHeld && this.#lease === undefined) this.#hold()
    if (this.#hasRecovered) void this.#tellOfOwnTrials('well')
  }

  /** If nobody says more, it makes its own trials a lease later. */
  #hold(): void {
    const { circuit, leaseMs, random, recoveryMs } = this.#parts
    const retryAfterMs = this.#remainingMs
    circuit.hold({
      by: 'fleet',
      retryAfterMs,
      endsInMs: retryAfterMs + leaseMs + recoveryMs * SPREAD_RATIO * random(),
    })
  }

  /** Only a member that is called tries for the probe: another one could not use it. */
  #lookIn(delayMs: number): void {
    const refused = this.#refused
    this.#in(delayMs, () => {
      if (this.#refused > refused) void this.#tryForProbe()
      else if (this.#isHeld) this.#lookIn(LOOK_MS)
    })
  }

  /** Calls that found the circuit open: somebody waits for it. */
  get #refused(): number {
    return this.#parts.proxy.getCounts().rejections.open
  }

  async #tryForProbe(): Promise<void> {
    const { circuit, fleet, leaseMs, member, proxy } = this.#parts
    const store = fleet.connectedStore
    const view = this.#view
    if (!this.#isHeld) return
    // Without the fleet it makes its own trials at the end of its hold, if that does not come back first.
    if (store === undefined) return this.#lookIn(LOOK_MS)
    try {
      const taken = await store.takeProbe(member, proxy.name, leaseMs)
      if (this.#ended || this.#view?.generation !== view?.generation) return
      if (taken === undefined) return this.#lookIn(LOOK_MS)
      if ('token' in taken) {
        this.#lease = taken
        fleet.probeBegan()
        circuit.admitTrials()
        this.#watch(taken, this.#idleMs)
      } else {
        this.told(taken)
        if (taken.state === 'open') this.#lookIn(Math.max(LOOK_MS, Math.min(this.#remainingMs, 5 * LOOK_MS)))
      }
    } catch (error) {
      fleet.storeFailed(error)
      if (!this.#ended) this.#lookIn(LOOK_MS)
    }
  }

  /**
   * It has the probe: it keeps it as long as it is at work, and gives it back when nobody calls.
   * @param idleMs how long nobody may call
   */
  #watch(lease: ProbeLease, idleMs: number): void {
    const nextMs = Math.min(idleMs, this.#parts.leaseMs / 2)
    this.#in(nextMs, () => void this.#keepOrGiveBack(lease, idleMs - nextMs))
  }

  async #keepOrGiveBack(lease: ProbeLease, idleMs: number): Promise<void> {
    if (this.#lease !== lease) return
    if (this.#isAtWork || idleMs > 0) return this.#keep(lease, this.#isAtWork ? this.#idleMs : idleMs)
    this.#idleMs = Math.min(2 * this.#idleMs, LONGEST_IDLE_MS)
    this.#hold()
    await this.#settle(lease, 'unused')
    this.#lookIn(LOOK_MS)
  }

  /** A trial is under way, or has succeeded and the next is to come. */
  get #isAtWork(): boolean {
    const { successfulTrials = 0, retryAfterMs = 0 } = this.#parts.proxy.getStatus().circuit ?? {}
    return successfulTrials > 0 || retryAfterMs > 0
  }

  async #keep(lease: ProbeLease, idleMs: number): Promise<void> {
    const { fleet, leaseMs } = this.#parts
    try {
      const isOurs = (await fleet.connectedStore?.renewProbe(lease, leaseMs)) ?? true
      if (this.#lease === lease && isOurs) this.#watch(lease, idleMs)
    } catch (error) {
      fleet.storeFailed(error)
      if (this.#lease === lease) this.#watch(lease, Math.min(idleMs, LOOK_MS))
    }
  }

  async #settle(lease: ProbeLease, result: ProbeResult): Promise<void> {
    const { fleet, recoveryMs } = this.#parts
    this.#stop()
    try {
      await fleet.connectedStore?.settleProbe(lease, result, recoveryMs)
    } catch (error) {
      // The lease ends by itself, and another member probes.
      fleet.storeFailed(error)
    }
  }

  /**
   * Nobody said more for longer than its hold, because nobody was called, or the store was away. So it made trials of its
   * own: what they found the fleet can go by, as if it had had the probe.
   */
  async #tellOfOwnTrials(found: 'well' | 'failed'): Promise<void> {
    const { fleet, leaseMs, member, proxy } = this.#parts
    const store = fleet.connectedStore
    if (store === undefined || this.#view?.state !== 'open') return
    try {
      const taken = await store.takeProbe(member, proxy.name, leaseMs)
      if (taken === undefined) this.#hasBeenLost(found)
      else if ('token' in taken) await this.#settle(taken, found)
    } catch (error) {
      fleet.storeFailed(error)
    }
  }

  /** The store has lost its data: what all find by themselves opens the circuit anew, or nobody needs it any more. */
  #hasBeenLost(found: 'well' | 'failed'): void {
    this.#view = undefined
    if (found === 'failed') this.failuresChanged(this.#parts.threshold)
  }

  #in(delayMs: number, work: () => void): void {
    this.#timer?.cancel()
    this.#timer = this.#ended ? undefined : this.#parts.clock.setTimer(work, delayMs)
  }
}
