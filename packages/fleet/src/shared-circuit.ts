import type {
  Clock,
  ServiceEventOf,
  ServiceProxy,
  SharedCircuit as HeldCircuit,
  SharedCircuitView,
  Timer,
} from '@svcproxy/core'
import type { Evidence, FleetStore, ProbeLease, ProbeResult } from './store.ts'

/** What a {@link SharedCircuit} needs. */
export interface SharedCircuitParts {
  readonly proxy: Pick<ServiceProxy<unknown>, 'name' | 'getCounts' | 'getStatus'>
  readonly circuit: HeldCircuit
  readonly member: string
  readonly clock: Clock
  readonly random: () => number
  /** Consecutive failures that open it, of all members together. */
  readonly threshold: number
  readonly recoveryMs: number
  /** The duration of a probe's lease, in milliseconds: longer than a call may take. */
  readonly leaseMs: number
  readonly fleet: FleetOfCircuit
}

/** What a {@link SharedCircuit} needs of its fleet. */
export interface FleetOfCircuit {
  /** Undefined while disconnected. */
  readonly connectedStore: FleetStore | undefined
  /** There are failures to report. */
  evidenceChanged(): void
  probeBegan(): void
  /** An operation of the store failed. */
  storeFailed(error: unknown): void
}

/**
 * The maximum random extra time before a circuit makes its own trials, as a fraction of its recovery time; it spreads
 * the members.
 */
const SPREAD_RATIO = 0.2
/**
 * The maximum time that a circuit is held, in milliseconds, whatever the fleet says; its own recovery time if that is
 * longer.
 */
const LONGEST_MS = 300_000
/** How often a member checks whether it may probe once the circuit's time is over, in milliseconds. */
const LOOK_MS = 100
/** A member that has the probe but gets no calls gives it back after this time, in milliseconds. */
const IDLE_MS = 1_000
/** It doubles each time, up to this: so even rare calls find the circuit half-open eventually. */
const LONGEST_IDLE_MS = 10_000

/**
 * The circuit of one service in this process, as a part of the fleet's shared circuit. It is open when it has opened by
 * itself or when the shared one is open, and it reports its failures to the fleet. When the time of the shared circuit
 * is over, one member gets the probe: its circuit becomes half-open and makes the trials with its own calls, while the
 * others wait for the result.
 */
export class SharedCircuit {
  readonly #parts: SharedCircuitParts
  /** The shared circuit as the fleet last reported it. */
  #view: SharedCircuitView | undefined
  #toldAt = 0
  #isConfirmed = false
  /** Whether it has closed by its own trials while the shared circuit is still open. */
  #hasRecovered = false
  /** The number of failures that was not reported yet; undefined: nothing new. */
  #evidence: number | undefined
  #lease: ProbeLease | undefined
  /** How long it keeps the probe without calls. */
  #idleMs = IDLE_MS
  /** For what it does next by itself. */
  #timer: Timer | undefined
  #ended = false

  constructor(parts: SharedCircuitParts) {
    this.#parts = parts
  }

  /** The shared circuit as the fleet last reported it; times count from now. */
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

  /** The number of consecutive failures has changed. */
  failuresChanged(consecutive: number): void {
    this.#evidence = consecutive
    this.#parts.fleet.evidenceChanged()
  }

  /** Returns what has to be reported, once. */
  takeEvidence(): Evidence | undefined {
    if (this.#evidence === undefined) return undefined
    const { proxy, threshold, recoveryMs } = this.#parts
    const evidence = { service: proxy.name, failures: this.#evidence, threshold, recoveryMs }
    this.#evidence = undefined
    return evidence
  }

  /** The report could not be sent. */
  giveBack(evidence: Evidence): void {
    this.#evidence ??= evidence.failures
  }

  /**
   * The fleet has reported the state of the shared circuit.
   * @param isHint whether it comes from a hint: it may be forged, and has to be confirmed by the store
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
      this.#parts.circuit.endHold()
    }
  }

  /**
   * The store does not know the circuit. If it was only known from a hint, the hint was forged, and the circuit is
   * released. If it was confirmed before, the store has lost it, and the circuit is not closed because of that.
   */
  notFound(): void {
    if (this.#view === undefined || this.#isConfirmed) return
    this.#view = undefined
    this.#stop()
    this.#parts.circuit.endHold()
  }

  /** The circuit of this process has changed its state. */
  transitioned({ from, to, cause }: ServiceEventOf<'circuit'>): void {
    if (this.#ended) return
    if (from === 'isolated' && this.#view?.state === 'open') this.#open()
    else if (cause === 'process' && to !== 'half_open') this.#ownTrialsEnded(to === 'closed')
  }

  #ownTrialsEnded(isWell: boolean): void {
    if (this.#lease !== undefined) {
      void this.#settle(this.#lease, isWell ? 'succeeded' : 'failed')
    } else {
      this.#hasRecovered = isWell
      void this.#tellOfOwnTrials(isWell ? 'succeeded' : 'failed')
    }
  }

  /** The circuit continues on its own: if it is held, it makes its own trials when the hold is over. */
  end(): void {
    this.#ended = true
    this.#stop()
  }

  get #isHeld(): boolean {
    return this.#parts.circuit.heldBy !== undefined
  }

  /** How long until a member may probe, as far as is known. */
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

  /** The member with the probe may have taken it late, or in place of a dead one: wait for the end of its lease. */
  #stillOpen(): void {
    if (this.#isHeld && this.#lease === undefined) this.#hold()
    if (this.#hasRecovered) void this.#tellOfOwnTrials('succeeded')
  }

  /** Without further news it makes its own trials one lease later. */
  #hold(): void {
    const { circuit, leaseMs, random, recoveryMs } = this.#parts
    const retryAfterMs = this.#remainingMs
    circuit.hold({
      by: 'fleet',
      retryAfterMs,
      endsInMs: retryAfterMs + leaseMs + recoveryMs * SPREAD_RATIO * random(),
    })
  }

  /** Only a member with calls tries to get the probe: another one could not use it. */
  #lookIn(delayMs: number): void {
    const refused = this.#refused
    this.#in(delayMs, () => {
      if (this.#refused > refused) void this.#tryForProbe()
      else if (this.#isHeld) this.#lookIn(LOOK_MS)
    })
  }

  /** The calls that the open circuit has rejected: if there are new ones, callers are waiting. */
  get #refused(): number {
    return this.#parts.proxy.getCounts().rejections.open
  }

  async #tryForProbe(): Promise<void> {
    const { circuit, fleet, leaseMs, member, proxy } = this.#parts
    const store = fleet.connectedStore
    const view = this.#view
    if (!this.#isHeld) return
    // While disconnected it makes its own trials at the end of its hold, unless the fleet comes back before that.
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
   * It has the probe: it keeps it while it makes trials, and gives it back if there are no calls.
   * @param idleMs how long it keeps the probe without calls
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

  /** Whether a trial is in flight, or has succeeded so that the next one follows. */
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
      // The lease expires by itself, and another member probes.
      fleet.storeFailed(error)
    }
  }

  /**
   * There was no news for longer than its hold, because no member had calls, or the store was unreachable. So it made
   * its own trials: their result counts for the fleet as if it had had the probe.
   */
  async #tellOfOwnTrials(found: 'succeeded' | 'failed'): Promise<void> {
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

  /** The store has lost its data. If the service still fails, the members' reports open the shared circuit again. */
  #hasBeenLost(found: 'succeeded' | 'failed'): void {
    this.#view = undefined
    if (found === 'failed') this.failuresChanged(this.#parts.threshold)
  }

  #in(delayMs: number, work: () => void): void {
    this.#timer?.cancel()
    this.#timer = this.#ended ? undefined : this.#parts.clock.setTimer(work, delayMs)
  }
}
