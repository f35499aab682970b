import type { Clock, Timer } from './clock.ts'
import { ServiceUnavailableError } from './errors.ts'

/** One object a provider gave, from its load to its end. */
export interface Instance<T> {
  readonly service: T
  /** Resolved with the service, made once: what a cached `get()` returns. */
  readonly promise: Promise<T>
  /** Whether it is ours to dispose. */
  readonly owned: boolean
  /** It is what the cache holds now. */
  current: boolean
  /** Calls running on it, and callers about to use it. */
  leases: number
  /** Handed out by `get()`: somebody we cannot see may be using it. */
  exposed: boolean
  /** When it stopped being current. */
  retiredAt: number
}

export interface InstanceLifetimesOptions<T> {
  readonly serviceName: string
  readonly clock: Clock
  /** How long a retired instance that was handed out by `get()` is kept alive, in milliseconds. */
  readonly disposeGraceMs: number
  /** Ends an owned instance; undefined when instances are borrowed. */
  readonly dispose: ((service: T) => void | PromiseLike<void>) | undefined
  /** Told after each disposal; `failure` is empty when it went well. */
  onDisposed(failure: { readonly error?: unknown }): void
}

/**
 * Keeps every instance alive as long as somebody may use it, and then ends it: an owned one is disposed exactly once
 * per object, only when it is not the cache's current one, no call holds a lease on it, and the grace of those who got
 * it from `get()` is over. A borrowed one is merely forgotten.
 */
export class InstanceLifetimes<T> {
  readonly #options: InstanceLifetimesOptions<T>
  /** By object: a provider may return the same one again. This and the next two are made when they are first needed. */
  #live: Map<T, Instance<T>> | undefined
  #disposed: WeakSet<object> | undefined
  #disposals: Set<Promise<void>> | undefined
  /** Leases in force and loads under way: what {@link InstanceLifetimes.end} waits for. */
  #busyCount = 0
  #timer: Timer | undefined
  /** When the timer, if there is one, comes due. */
  #sweepsAt = 0
  #ending = false
  #onIdle: (() => void) | undefined

  constructor(options: InstanceLifetimesOptions<T>) {
    this.#options = options
  }

  /**
   * The instance of an object the provider returned: a new one, or the one it already is.
   * @throws {@link ServiceUnavailableError} when the object was disposed before
   */
  adopt(service: T, owned: boolean = this.#options.dispose !== undefined): Instance<T> {
    const known = this.#live?.get(service)
    if (known !== undefined) return known
    if (this.#wasDisposed(service)) {
      throw new ServiceUnavailableError(this.#options.serviceName, 'its provider returned an instance already disposed')
    }
    const instance: Instance<T> = {
      service,
      promise: Promise.resolve(service),
      owned,
      current: false,
      leases: 0,
      exposed: false,
      retiredAt: 0,
    }
    this.#live ??= new Map()
    this.#live.set(service, instance)
    return instance
  }

  lease(instance: Instance<T>, count = 1): void {
    instance.leases += count
    this.#busyCount += count
  }

  release(instance: Instance<T>): void {
    instance.leases--
    if (!instance.current) this.#endOrWait(instance)
    this.#leave()
  }

  /** A load begins, that may bring an instance; call what this returns when it is over. */
  enter(): () => void {
    this.#busyCount++
    return () => this.#leave()
  }

  /** The cache no longer holds it. */
  retire(instance: Instance<T>): void {
    instance.current = false
    instance.retiredAt = this.#options.clock.now()
    this.#endOrWait(instance)
  }

  /** An object that a provider returned and nobody will use: ended at once, unless it is in use already. */
  discard(service: T): void {
    if (this.#live?.has(service) === true || this.#wasDisposed(service)) return
    this.retire(this.adopt(service))
  }

  /** From here on nobody is granted a grace. Resolves when nothing is in use and all disposals have ended. */
  async end(): Promise<void> {
    this.#ending = true
    this.#sweep()
    if (this.#busyCount > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve))
    while (this.#disposals !== undefined && this.#disposals.size > 0) await Promise.all(this.#disposals)
  }

  #leave(): void {
    if (--this.#busyCount === 0) this.#onIdle?.()
  }

  /** Ends every retired instance that nobody uses and whose grace is over, and comes back for the next one. */
  #sweep(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    let nextMs = Infinity
    for (const instance of this.#live?.values() ?? []) {
      if (instance.current || instance.leases > 0) continue
      const graceLeftMs = this.#graceLeftMs(instance)
      if (graceLeftMs <= 0) this.#endNow(instance)
      else nextMs = Math.min(nextMs, graceLeftMs)
    }
    if (nextMs < Infinity) this.#sweepIn(nextMs)
  }

  #endOrWait(instance: Instance<T>): void {
    if (instance.leases > 0) return
    const graceLeftMs = this.#graceLeftMs(instance)
    if (graceLeftMs <= 0) this.#endNow(instance)
    else this.#sweepIn(graceLeftMs)
  }

  /** Comes back in `delayMs`, unless it comes back earlier anyway. */
  #sweepIn(delayMs: number): void {
    const { clock } = this.#options
    const dueAt = clock.now() + delayMs
    if (this.#timer !== undefined && this.#sweepsAt <= dueAt) return
    this.#timer?.cancel()
    this.#sweepsAt = dueAt
    this.#timer = clock.setTimer(() => this.#sweep(), delayMs)
  }

  #graceLeftMs(instance: Instance<T>): number {
    if (!instance.owned || !instance.exposed || this.#ending) return 0
    return instance.retiredAt + this.#options.disposeGraceMs - this.#options.clock.now()
  }

  #endNow(instance: Instance<T>): void {
    this.#live?.delete(instance.service)
    if (instance.owned) this.#dispose(instance.service)
  }

  #wasDisposed(service: T): boolean {
    return isObject(service) && this.#disposed?.has(service) === true
  }

  #dispose(service: T): void {
    if (isObject(service)) {
      this.#disposed ??= new WeakSet()
      this.#disposed.add(service)
    }
    // Not from within what we are doing now: it may call back.
    const disposal = Promise.resolve()
      .then(() => this.#options.dispose?.(service))
      .then(
        () => this.#options.onDisposed({}),
        (error: unknown) => this.#options.onDisposed({ error }),
      )
    const disposals = (this.#disposals ??= new Set())
    disposals.add(disposal)
    void disposal.finally(() => disposals.delete(disposal))
  }
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
