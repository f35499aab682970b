import { inspect } from 'node:util'
import type { BreakerContext, CircuitState } from '@svcproxy/core'
import { BUCKET_MS, type Buckets, BUCKETS } from './bucket-rotation.ts'
import { guarded, guardedOnce, type Wrapped } from './guarded-listener.ts'
import { OpossumAttempt } from './opossum-attempt.ts'
import { type Listener, Opossum } from './opossum-class.ts'

/**
 * An opossum breaker that decides nothing. It runs what the circuit admitted, refuses what the circuit refused, shows
 * the circuit's state as its own, and counts and announces all of it as opossum does. Only opossum's public members are
 * overridden; what it believes in private is never asked.
 */
export class SteeredCircuit extends Opossum {
  readonly #recoveryTimeoutMs: number
  readonly #buckets: Buckets
  /** What the circuit last said its state was, in opossum's three words. */
  #shown: 'closed' | 'open' | 'halfOpen'
  /** What the circuit decided about the call that is being handed to opossum at this moment. */
  #verdict: 'admitted' | 'refused' | undefined
  #countingFailure = false
  #warned = false

  constructor({ name, policy }: BreakerContext, state: CircuitState, buckets: Buckets) {
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
      rotateBucketController: buckets,
    })
    this.#recoveryTimeoutMs = policy.recoveryTimeoutMs
    this.#buckets = buckets
    this.#shown = SHOWN[state]
    // opossum hears its own 'open' twice: once for its statistics, and once to start the timer of its own half-open.
    this.removeAllListeners('open')
    super.on('open', () => this.status.open?.())
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

  /**
   * opossum asks this after a failure. When it is not warming up it adds up its window to see whether to open, which
   * takes four times as long as all the rest of a failing call.
   */
  override get warmUp(): boolean {
    return this.#countingFailure
  }

  /** Has opossum run an admitted attempt. What its caller gets comes from the attempt, not from opossum. */
  admit<R>(attempt: OpossumAttempt<R>): Promise<R> {
    attempt.handedOver(this.#hand('admitted', attempt))
    return attempt.run()
  }

  /** Has opossum reject a call that was not admitted. Its error has a stack only when there is somebody to see it. */
  refuse(): void {
    const seen = this.listenerCount('fire') > OWN_LISTENERS || this.listenerCount('reject') > OWN_LISTENERS
    const refuse = (): Promise<unknown> => this.#hand('refused')
    void (seen ? refuse() : withoutStacks(refuse)).catch(ignore)
  }

  /** A listener of opossum's events may make calls of its own, so the verdict is put back, not cleared. */
  #hand(verdict: 'admitted' | 'refused', attempt?: OpossumAttempt): Promise<unknown> {
    const before = this.#verdict
    this.#verdict = verdict
    this.#buckets.fill()
    try {
      return super.call(undefined, attempt)
    } catch (error) {
      this.report('A listener', error)
      return NOTHING
    } finally {
      this.#verdict = before
    }
  }

  /** The circuit changed its state: shown and announced once. An isolated circuit is an open one for opossum. */
  show(state: CircuitState): void {
    const shown = SHOWN[state]
    if (shown === this.#shown) return
    this.#shown = shown
    this.#buckets.fill()
    if (shown === 'closed') this.emit('close')
    else if (shown === 'open') this.emit('open')
    else this.emit('halfOpen', this.#recoveryTimeoutMs)
  }

  /** Something is about to be counted. */
  fillBucket(): void {
    this.#buckets.fill()
  }

  /** Has `count`, which counts a failure, end there. */
  withoutPolicy(count: () => void): void {
    this.#countingFailure = true
    try {
      count()
    } finally {
      this.#countingFailure = false
    }
  }

  dispose(): void {
    super.shutdown()
    this.#buckets.end()
  }

  /** The first listener that throws is reported. */
  report(what: string, error: unknown): void {
    if (this.#warned) return
    this.#warned = true
    process.emitWarning(`${what} on the opossum breaker '${this.name}' threw`, {
      type: 'SvcproxyListenerWarning',
      detail: inspect(error),
    })
  }

  /** A listener that throws changes nothing here: no result, no count, no state. */
  override on(event: string | symbol, listener: Listener): this {
    // Those that opossum itself adds, in its constructor, come before the fields of this class.
    if (!(#warned in this) || typeof listener !== 'function') return super.on(event, listener)
    return super.on(event, guarded(listener, this.#reporter(event)))
  }

  override once(event: string | symbol, listener: Listener): this {
    if (typeof listener !== 'function') return super.once(event, listener)
    const remove = (guard: Wrapped): unknown => this.removeListener(event, guard)
    return super.on(event, guardedOnce(listener, this.#reporter(event), remove))
  }

  override addListener(event: string | symbol, listener: Listener): this {
    return this.on(event, listener)
  }

  /** opossum's own counters stay the first listeners: one that came before them could throw and so stop them. */
  override prependListener(event: string | symbol, listener: Listener): this {
    return this.on(event, listener)
  }

  override prependOnceListener(event: string | symbol, listener: Listener): this {
    return this.once(event, listener)
  }

  #reporter(event: string | symbol): (error: unknown) => void {
    return (error) => this.report(`A listener of '${String(event)}'`, error)
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

/** What is left of a call when one of its listeners threw that was put in past the guard. */
const NOTHING = Promise.resolve()

/** On each of these events opossum listens once, to count it. */
const OWN_LISTENERS = 1

/** A stack is most of what an error costs. */
function withoutStacks<T>(make: () => T): T {
  const { stackTraceLimit } = Error
  // Where Error is frozen this does nothing, and that is all right.
  Reflect.set(Error, 'stackTraceLimit', 0)
  try {
    return make()
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  }
}

/** opossum's action: the arguments are what it was fired with. */
function runAttempt(attempt: unknown): Promise<unknown>
// Its types ask for a promise, opossum itself for what has `then` and `catch`.
function runAttempt(attempt: unknown): Promise<unknown> | OpossumAttempt {
  if (!(attempt instanceof OpossumAttempt)) return Promise.reject(new Error('Not an attempt of a proxy'))
  void attempt.run()
  return attempt
}

/** opossum's `errorFilter`, which its types declare without the arguments of the call. */
function isFiltered(...[, attempt]: unknown[]): boolean {
  return attempt instanceof OpossumAttempt && attempt.filtered
}

/** The error of a refusal that opossum's own promise is rejected with; the caller gets the circuit's. */
function ignore(): void {}
