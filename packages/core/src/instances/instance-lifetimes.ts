import { isObject } from '../is-object.ts'
import { reading } from './being-read.ts'
import type { Reading } from './being-read.ts'
import type { Timer } from '../clock.ts'
import { ServiceUnavailableError } from '../errors.ts'
import type { ServiceEvents } from '../observing/events.ts'
import type { ResolvedServiceProxyOptions } from '../options/service-proxy-options.ts'
import { outsideRequests } from '../outside-requests.ts'

/** One object that a provider returned, from its load to its end. */
export interface Instance<T> {
  readonly service: T
  /** Resolved with the service, created once: a cached `get()` returns it. */
  readonly promise: Promise<T>
  /** Whether the proxy disposes it. */
  readonly owned: boolean
  /** Whether the cache holds it now. */
  current: boolean
  /** The number of calls that run on it or are about to use it. */
  leases: number
  /**
   * Whether it was handed out by `get()`, or used by a call whose result may still be in use: by code that we cannot
   * see.
   */
  exposed: boolean
  /** Whether no trial of the circuit has failed on it. */
  trusted: boolean
  /** When it stopped being current. */
  retiredAt: number
  /** When it stopped being current, or was last released after that. */
  idleSince: number
  /** The results of its calls that are being read; created with the first. */
  holds: Set<Hold> | undefined
}

/** By the result that is being read: a call may return the same object again. */
const holdOf = new WeakMap<object, Hold>()

/** The result was garbage-collected, so nobody reads it any more. */
const letGo = new FinalizationRegistry<Hold>((hold) => hold.release())

/** A lease for a result that is being read. */
interface Hold {
  readonly since: number
  readonly reading: Reading
  release(): void
}

/**
 * How long a replaced instance may be held, in milliseconds: an hour, or the deadline of calls if that is longer. After
 * that it can only be held by an abandoned call that never ends, or by a stream that nobody reads on.
 */
const LONGEST_HOLD_MS = 3_600_000

/** What it needs of {@link ServiceContext}. */
export interface LifetimeContext<T> {
  readonly proxy: { readonly name: string }
  readonly settings: Pick<ResolvedServiceProxyOptions<T>, 'clock' | 'disposeGraceMs' | 'timeoutMs' | 'provider'>
  readonly events: Pick<ServiceEvents, 'emit'>
}

/**
 * Keeps every instance alive as long as it may be in use, and then ends it. An owned instance is disposed exactly once
 * per object, when all of these hold: it is not the cache's current one, no call holds a lease on it, no result of a
 * call is still being read, and the grace period is over for code that got it from `get()` or got a part of it from a
 * call. A borrowed instance is only dropped.
 */
export class InstanceLifetimes<T> {
  readonly #context: LifetimeContext<T>
  /** By object: a provider may return the same one again. Created with the first. */
  #live: Map<T, Instance<T>> | undefined
  /** Created with the first disposal. */
  #ended: { readonly services: WeakSet<object>; readonly disposals: Set<Promise<void>> } | undefined
  /** The number of leases and of loads in flight: {@link InstanceLifetimes.end} waits until it is 0. */
  #busyCount = 0
  /** The next sweep and its time. */
  #next: { readonly timer: Timer; readonly at: number } | undefined
  /** Created when it ends. */
  #ending: { onIdle?: () => void } | undefined

  constructor(context: LifetimeContext<T>) {
    this.#context = context
  }

  /**
   * The instance for an object that the provider returned: a new one, or the existing one of this object.
   * @throws {@link ServiceUnavailableError} when the object was disposed before
   */
  adopt(service: T, owned: boolean = this.#context.settings.provider.ownership === 'owned'): Instance<T> {
    const known = this.#live?.get(service)
    if (known !== undefined) return known
    if (this.#wasDisposed(service)) {
      throw new ServiceUnavailableError(
        this.#context.proxy.name,
        'its provider returned an instance that was already disposed',
      )
    }
    const instance: Instance<T> = {
      service,
      promise: Promise.resolve(service),
      owned,
      current: false,
      leases: 0,
      exposed: false,
      trusted: true,
      retiredAt: 0,
      idleSince: 0,
      holds: undefined,
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
    if (!instance.current) {
      instance.idleSince = this.#context.settings.clock.now()
      this.#endOrWait(instance)
    }
    this.#leave()
  }

  /** Keeps a leased instance for as long as `result`, a stream or an async iterable, is being read. */
  holdWhileRead(instance: Instance<T>, result: object): void {
    const holds = (instance.holds ??= new Set())
    const known = holdOf.get(result)
    if (known !== undefined && holds.has(known)) return
    this.lease(instance)
    const release = (): void => {
      if (!holds.delete(hold)) return
      letGo.unregister(hold)
      this.release(instance)
    }
    const hold: Hold = { since: this.#context.settings.clock.now(), reading: reading(result, release), release }
    holdOf.set(result, hold)
    holds.add(hold)
    letGo.register(result, hold, hold)
  }

  /** A load begins that may bring an instance. Call the returned function when it is over. */
  enter(): () => void {
    this.#busyCount++
    return () => this.#leave()
  }

  /** The cache no longer holds it. */
  retire(instance: Instance<T>): void {
    instance.current = false
    instance.retiredAt = this.#context.settings.clock.now()
    instance.idleSince = instance.retiredAt
    this.#endOrWait(instance)
  }

  /** An object from a provider that nobody will use: it is ended at once, unless it is already in use. */
  discard(service: T): void {
    if (this.#live?.has(service) === true || this.#wasDisposed(service)) return
    this.retire(this.adopt(service))
  }

  /** Ends all grace periods. Resolves when nothing is in use and all disposals have ended. */
  async end(): Promise<void> {
    const ending = (this.#ending ??= {})
    this.#sweep()
    if (this.#busyCount > 0) await new Promise<void>((resolve) => (ending.onIdle = resolve))
    while (this.#ended !== undefined && this.#ended.disposals.size > 0) await Promise.all(this.#ended.disposals)
  }

  #leave(): void {
    if (--this.#busyCount === 0) this.#ending?.onIdle?.()
  }

  /** Ends every retired instance that is not in use and whose grace period is over, and schedules the next sweep. */
  #sweep(): void {
    this.#cancelSweep()
    let nextMs = Infinity
    for (const instance of this.#live?.values() ?? []) {
      if (instance.current) continue
      this.#letGoOfUnread(instance)
      const keptMs = this.#keptMs(instance)
      if (keptMs <= 0) this.#endNow(instance)
      else nextMs = Math.min(nextMs, keptMs)
    }
    if (nextMs < Infinity) this.#sweepIn(nextMs)
  }

  /**
   * Releases results that nobody began to read within the grace period. This does not start another grace period,
   * neither for this instance nor for the next one.
   */
  #letGoOfUnread(instance: Instance<T>): void {
    const { idleSince } = instance
    for (const hold of instance.holds ?? []) {
      if (hold.reading.begun || this.#graceLeftMs(hold.since, instance) > 0) continue
      hold.release()
      instance.idleSince = idleSince
    }
  }

  #endOrWait(instance: Instance<T>): void {
    const keptMs = this.#keptMs(instance)
    if (keptMs <= 0) this.#endNow(instance)
    else if (keptMs < Infinity) this.#sweepIn(keptMs)
  }

  /**
   * How much longer it has to be kept, or until it has to be looked at again, in milliseconds; 0 or less: no longer.
   */
  #keptMs(instance: Instance<T>): number {
    if (instance.leases === 0) return this.#wasHandedOut(instance) ? this.#graceLeftMs(0, instance) : 0
    if (!instance.owned) return Infinity
    const longestMs = Math.max(LONGEST_HOLD_MS, this.#context.settings.timeoutMs)
    const leftMs = instance.retiredAt + longestMs - this.#context.settings.clock.now()
    let nextMs = leftMs
    for (const { reading: read, since } of instance.holds ?? []) {
      if (!read.begun) nextMs = Math.min(nextMs, this.#graceLeftMs(since, instance))
    }
    return leftMs <= 0 ? 0 : Math.max(nextMs, 1)
  }

  #wasHandedOut({ owned, exposed }: Instance<T>): boolean {
    return owned && exposed && this.#ending === undefined
  }

  /** Sweeps in `delayMs`, unless a sweep is due earlier anyway. */
  #sweepIn(delayMs: number): void {
    const { clock } = this.#context.settings
    const dueAt = clock.now() + delayMs
    if (this.#next !== undefined && this.#next.at <= dueAt) return
    this.#cancelSweep()
    this.#next = { at: dueAt, timer: outsideRequests(() => clock.setTimer(() => this.#sweep(), delayMs)) }
  }

  #cancelSweep(): void {
    this.#next?.timer.cancel()
    this.#next = undefined
  }

  #graceLeftMs(since: number, { idleSince }: Instance<T>): number {
    return Math.max(since, idleSince) + this.#context.settings.disposeGraceMs - this.#context.settings.clock.now()
  }

  #endNow(instance: Instance<T>): void {
    // An instance that was ended while it was held is released later.
    if (this.#live?.get(instance.service) !== instance) return
    this.#live.delete(instance.service)
    if (instance.owned) this.#dispose(instance.service)
    for (const { current } of this.#live.values()) if (!current) return
    this.#cancelSweep()
  }

  #wasDisposed(service: T): boolean {
    return isObject(service) && this.#ended?.services.has(service) === true
  }

  #dispose(service: T): void {
    const { services, disposals } = (this.#ended ??= { services: new WeakSet(), disposals: new Set() })
    if (isObject(service)) services.add(service)
    // Not synchronously: the disposal may call back.
    const disposal = outsideRequests(() =>
      Promise.resolve()
        .then(() => this.#context.settings.provider.disposeService?.(service))
        .then(
          () => this.#disposed({}),
          (error: unknown) => this.#disposed({ error }),
        ),
    )
    disposals.add(disposal)
    void disposal.finally(() => disposals.delete(disposal))
  }

  #disposed(failure: { readonly error?: unknown }): void {
    this.#context.events.emit({ type: 'dispose', service: this.#context.proxy.name, ...failure })
  }
}
