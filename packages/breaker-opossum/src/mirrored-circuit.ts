import { inspect } from 'node:util'
import type { CircuitState } from '@svcproxy/core'
import type { BreakerContext } from '@svcproxy/core/adapter'
import type { Announcer } from './announced-attempt.ts'
import { guarded, guardedOnce, type Wrapped } from './guarded-listener.ts'
import { type Listener, Opossum } from './opossum-class.ts'
import { opossumRefusal } from './refusal-error.ts'
import type { StatisticsWindow } from './statistics-window.ts'

/**
 * An opossum breaker that runs nothing and has no state of its own. It emits opossum's events for the calls that the
 * circuit admits and rejects, which opossum's own listeners count, and shows the circuit's state as its own. Only
 * opossum's public members are overridden; its private state is never read.
 */
export class MirroredCircuit extends Opossum implements Announcer {
  readonly #recoveryTimeoutMs: number
  readonly #window: StatisticsWindow
  /** The last state of the circuit, in opossum's three words. */
  #shown: Shown
  /** Changes that are already shown and will be announced soon. */
  #unannounced: Shown[] | undefined
  #warned = false

  constructor({ name, policy }: BreakerContext, state: CircuitState, window: StatisticsWindow) {
    super(() => notThroughOpossum(name), {
      name,
      timeout: false,
      resetTimeout: policy.recoveryTimeoutMs,
      enableSnapshots: false,
      ...window.options,
    })
    this.#recoveryTimeoutMs = policy.recoveryTimeoutMs
    this.#window = window
    this.#shown = SHOWN[state]
    // opossum listens to its own 'open' twice: for its statistics, and to start the timer of its own half-open state.
    this.removeAllListeners('open')
    super.on('open', () => this.status.open?.())
  }

  override get closed(): boolean {
    return this.#shown === 'closed'
  }

  override get opened(): boolean {
    return this.#shown === 'open'
  }

  override get halfOpen(): boolean {
    return this.#shown === 'halfOpen'
  }

  override get warmUp(): boolean {
    return this.#window.warmUp
  }

  announce(event: string, ...args: unknown[]): void {
    this.#window.fill()
    try {
      this.emit(event, ...args)
    } catch (error) {
      // From a listener that was added without the guard.
      this.#report(event, error)
    }
  }

  /** Emits opossum's two events for a call that was not admitted. */
  announceRefusal(): void {
    this.announce('fire', [{}])
    // Creating an error that nobody sees would cost more than the rest of a rejected call.
    this.announce('reject', this.listenerCount('reject') > OWN_LISTENERS ? opossumRefusal() : undefined)
  }

  /** Shows and announces a change of the circuit's state. For opossum, an isolated circuit is an open one. */
  show(state: CircuitState): void {
    const shown = SHOWN[state]
    if (shown === this.#shown) return
    this.#shown = shown
    if (this.#unannounced === undefined) this.#announceChange(shown)
    else this.#unannounced.push(shown)
  }

  beforeChanges<T>(announce: () => T): T {
    if (this.#unannounced !== undefined) return announce()
    const changes: Shown[] = (this.#unannounced = [])
    try {
      return announce()
    } finally {
      // A change that a listener causes in here is announced after the others.
      for (const shown of changes) this.#announceChange(shown)
      this.#unannounced = undefined
    }
  }

  #announceChange(shown: Shown): void {
    if (shown === 'closed') this.announce('close')
    else if (shown === 'open') this.announce('open')
    else this.announce('halfOpen', this.#recoveryTimeoutMs)
  }

  dispose(): void {
    super.shutdown()
    this.#window.end()
  }

  /** An error of a listener changes nothing here: no result, no count, no state. */
  override on(event: string | symbol, listener: Listener): this {
    // The listeners that opossum's constructor adds are added before the fields of this class exist.
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

  /** opossum's own counters stay the first listeners: an earlier one could throw and so stop them. */
  override prependListener(event: string | symbol, listener: Listener): this {
    return this.on(event, listener)
  }

  override prependOnceListener(event: string | symbol, listener: Listener): this {
    return this.once(event, listener)
  }

  #reporter(event: string | symbol): (error: unknown) => void {
    return (error) => this.#report(event, error)
  }

  /** Reports the first listener that throws. */
  #report(event: string | symbol, error: unknown): void {
    if (this.#warned) return
    this.#warned = true
    process.emitWarning(`A listener of '${String(event)}' on the opossum breaker '${this.name}' threw`, {
      type: 'SvcproxyListenerWarning',
      detail: inspect(error),
    })
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
    return notThroughOpossum(this.name)
  }

  override fallback(): this {
    throw new Error(`The fallback of service '${this.name}' is an option of its proxy`)
  }

  override healthCheck(): void {
    throw new Error(`The health check of service '${this.name}' belongs to its provider`)
  }
}

const SHOWN = { closed: 'closed', open: 'open', isolated: 'open', half_open: 'halfOpen' } as const
type Shown = (typeof SHOWN)[CircuitState]

/** On each of its events opossum listens once, to count it. */
const OWN_LISTENERS = 1

function notThroughOpossum(serviceName: string): Promise<never> {
  return Promise.reject(new Error(`Calls of service '${serviceName}' go through its proxy, not through opossum`))
}
