import { inspect } from 'node:util'
import type { BreakerContext, CircuitTransition } from '@svcproxy/core'
import CircuitBreaker from 'opossum'
import { BUCKET_MS, type BucketRotation, BUCKETS } from './bucket-rotation.ts'
import { OpossumAttempt } from './opossum-attempt.ts'

type Overridden =
  | 'call'
  | 'close'
  | 'closed'
  | 'disable'
  | 'emit'
  | 'enable'
  | 'fallback'
  | 'fire'
  | 'halfOpen'
  | 'healthCheck'
  | 'open'
  | 'opened'
  | 'pendingClose'
  | 'prependListener'
  | 'prependOnceListener'
  | 'shutdown'
  | 'status'

/**
 * opossum's class as this file uses it. `@types/opossum` declares its accessors as fields, which TypeScript does not let
 * a subclass override; an interface may be.
 */
interface Opossum extends Omit<CircuitBreaker, Overridden> {
  readonly closed: boolean
  readonly opened: boolean
  readonly halfOpen: boolean
  readonly pendingClose: boolean
  readonly status: CircuitBreaker.Status & { open?(): void }
  call(context: unknown, ...args: unknown[]): Promise<unknown>
  fire(...args: unknown[]): Promise<unknown>
  open(): void
  close(): void
  enable(): void
  disable(): void
  shutdown(): void
  fallback(func: unknown): this
  healthCheck(func: unknown, interval?: number): void
  emit(event: string | symbol, ...args: unknown[]): boolean
  prependListener(event: string | symbol, listener: Listener): this
  prependOnceListener(event: string | symbol, listener: Listener): this
}

type Listener = Parameters<CircuitBreaker['addListener']>[1]

const Opossum: new (action: (...args: unknown[]) => Promise<unknown>, options: CircuitBreaker.Options) => Opossum =
  CircuitBreaker

/**
 * An opossum breaker that decides nothing. It runs what the circuit admitted, refuses what the circuit refused, shows
 * the circuit's state as its own, and counts and announces all of it as opossum does. Only opossum's public members are
 * overridden; what it believes in private is never asked.
 */
export class SteeredCircuit extends Opossum {
  readonly #recoveryTimeoutMs: number
  /** What the circuit last said its state was, in opossum's three words. */
  #shown: 'closed' | 'open' | 'halfOpen' = 'closed'
  /** What the circuit decided about the call that is being handed to opossum at this moment. */
  #verdict: 'admitted' | 'refused' | undefined
  #warned = false

  constructor({ name, policy }: BreakerContext, rotation: BucketRotation) {
    super(runAttempt, {
      name,
      timeout: false,
      resetTimeout: policy.recoveryTimeoutMs,
      errorFilter: isFiltered,
      // Belt and braces: even opossum's own arithmetic never finds a reason to open.
      volumeThreshold: Number.MAX_SAFE_INTEGER,
      errorThresholdPercentage: 100,
      // Sorts every latency of the window at every failure.
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      rollingCountTimeout: BUCKETS * BUCKET_MS,
      rollingCountBuckets: BUCKETS,
      rotateBucketController: rotation,
    })
    this.#recoveryTimeoutMs = policy.recoveryTimeoutMs
    // opossum hears its own 'open' twice: once for its statistics, and once to start the timer of its own half-open.
    this.removeAllListeners('open')
    this.on('open', () => this.status.open?.())
  }

  override get closed(): boolean {
    return this.#shown === 'closed' && this.#verdict !== 'refused'
  }

  override get opened(): boolean {
    return this.#shown === 'open'
  }

  override get halfOpen(): boolean {
    return this.#shown === 'halfOpen'
  }

  /** opossum asks this, synchronously, whether a call may pass although the circuit is not closed. */
  override get pendingClose(): boolean {
    return this.#verdict === 'admitted'
  }

  /** Has opossum run an admitted attempt. What its caller gets comes from the attempt, not from opossum. */
  admit<R>(attempt: OpossumAttempt<R>): Promise<R> {
    void this.#hand('admitted', attempt).catch(ignore)
    return attempt.run()
  }

  /** Has opossum reject a call that was not admitted. */
  refuse(): void {
    void this.#hand('refused').catch(ignore)
  }

  /** A listener of opossum's events may make calls of its own, so the verdict is put back, not cleared. */
  #hand(verdict: 'admitted' | 'refused', attempt?: OpossumAttempt): Promise<unknown> {
    const before = this.#verdict
    this.#verdict = verdict
    const counted = super.call(undefined, attempt)
    this.#verdict = before
    return counted
  }

  /** The circuit changed its state: shown and announced once. An isolated circuit is an open one for opossum. */
  show({ to }: CircuitTransition): void {
    const shown = SHOWN[to]
    if (shown === this.#shown) return
    this.#shown = shown
    if (shown === 'closed') this.emit('close')
    else if (shown === 'open') this.emit('open')
    else this.emit('halfOpen', this.#recoveryTimeoutMs)
  }

  dispose(): void {
    super.shutdown()
  }

  /** A listener that throws changes nothing here: no result, no count, no state. The first one is reported. */
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    try {
      return super.emit(event, ...args)
    } catch (error) {
      if (!this.#warned) {
        this.#warned = true
        process.emitWarning(`A listener of '${String(event)}' on the opossum breaker '${this.name}' threw`, {
          type: 'SvcproxyListenerWarning',
          detail: inspect(error),
        })
      }
      return true
    }
  }

  /** opossum's own counters stay the first listeners: one that came before them could throw and so stop them. */
  override prependListener(event: string | symbol, listener: Listener): this {
    this.addListener(event, listener)
    return this
  }

  override prependOnceListener(event: string | symbol, listener: Listener): this {
    this.once(event, listener)
    return this
  }

  override open(): void {}
  override close(): void {}
  override enable(): void {}
  override disable(): void {}
  override shutdown(): void {}

  override call(): Promise<unknown> {
    return this.fire()
  }

  override fire(): Promise<unknown> {
    return Promise.reject(new Error(`Calls of service '${this.name}' go through its proxy, not through opossum`))
  }

  override fallback(): this {
    throw new Error(`The fallback of service '${this.name}' is an option of its proxy`)
  }

  override healthCheck(): void {
    throw new Error(`The health check of service '${this.name}' belongs to its provider`)
  }
}

const SHOWN = { closed: 'closed', open: 'open', isolated: 'open', half_open: 'halfOpen' } as const

/** opossum's action: the arguments are what it was fired with. */
function runAttempt(attempt: unknown): Promise<unknown> {
  return attempt instanceof OpossumAttempt ? attempt.run() : Promise.reject(new Error('Not an attempt of a proxy'))
}

/** opossum's `errorFilter`, which its types declare without the arguments of the call. */
function isFiltered(...[, attempt]: unknown[]): boolean {
  return attempt instanceof OpossumAttempt && attempt.filtered
}

/** What opossum's own promise settles with, the attempt has told already. */
function ignore(): void {}
