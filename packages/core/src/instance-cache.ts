import { unlessAborted } from './abort-source.ts'
import type { AbortSource } from './abort-source.ts'
import { isRefusal, StoppedError } from './errors.ts'
import { expiryWatchOf } from './expiry-watch.ts'
import type { Expiring, ExpiryWatch } from './expiry-watch.ts'
import type { Instance, InstanceLifetimes } from './instance-lifetimes.ts'
import { failureAfter } from './load-failure.ts'
import type { LoadFailure } from './load-failure.ts'
import type { CacheResult } from './metrics/service-metrics.ts'
import type { ResolvedServiceProxyOptions } from './service-proxy-options.ts'

/** The settings of the proxy that concern its cache; see there for what they mean. */
export type CacheSettings = Pick<
  ResolvedServiceProxyOptions<unknown>,
  | 'clock'
  | 'random'
  | 'cacheTtlMs'
  | 'cacheTtlJitterRatio'
  | 'staleWhileRevalidateMs'
  | 'staleIfErrorMs'
  | 'backoffInitialMs'
  | 'backoffMaxMs'
  | 'security'
>

export interface InstanceCacheOptions<T> {
  readonly serviceName: string
  readonly settings: CacheSettings
  readonly lifetimes: InstanceLifetimes<T>
  /**
   * Makes one attempt to get a service. `suspect` is a cached one that has to pass its health check again; if it does,
   * its service is what the attempt resolves to. A `trial` may start although an earlier load is still pending.
   */
  load(suspect: Instance<T> | undefined, trial: boolean): Promise<T>
}

/** An instance a caller may use. It holds a lease, to be given back with {@link InstanceLifetimes.release}. */
export interface Acquired<T> {
  readonly instance: Instance<T>
  readonly result: CacheResult
}

/** What the cache holds. */
export interface CacheStatus {
  /** `suspect`: the circuit opened since it was loaded, so it has to pass its health check before it is served again. */
  readonly state: 'empty' | 'fresh' | 'stale' | 'suspect'
  /** How long the instance is still fresh, in milliseconds; 0 unless it is, `Infinity` until it is invalidated. */
  readonly freshForMs: number
  /** Whether a load is under way. */
  readonly loading: boolean
}

/** The cached instance and how long it is good for. */
interface Slot<T> extends Expiring {
  readonly instance: Instance<T>
  freshUntil: number
  /** Where freshness ends by itself, before anybody expired it; the stale windows end relative to it. */
  readonly ttlEndsAt: number
  readonly wallFreshUntil: number
  /** The circuit opened since it was loaded: it has to prove its health before it is served again. */
  suspect: boolean
}

/** One attempt to load, and those who wait for it. */
interface Flight<T> {
  readonly promise: Promise<Instance<T>>
  /** The cached instance it checks again, if it does. */
  readonly suspect: Instance<T> | undefined
  waiters: number
  instance: Instance<T> | undefined
  /** `expire()` was called while it was on its way: what it brings is stale at once. */
  expired: boolean
  /** `suspect()` was called while it was on its way: what it brings has to prove its health once more. */
  suspected: boolean
}

/**
 * One slot for the instance of a service. A load that began before an invalidation may still answer those who waited for
 * it, but is never cached; whoever comes after the invalidation starts another. That is why a flight counts only while
 * it is *the* flight: its identity is its generation.
 */
export class InstanceCache<T> {
  readonly #options: InstanceCacheOptions<T>
  readonly #watch: ExpiryWatch
  #slot: Slot<T> | undefined
  #flight: Flight<T> | undefined
  #failure: LoadFailure | undefined
  /** What {@link InstanceCache.pin} put there: nothing but its end takes it away. */
  #pinned: Slot<T> | undefined
  #stopped = false

  constructor(options: InstanceCacheOptions<T>) {
    this.#options = options
    this.#watch = expiryWatchOf(options.settings.clock)
  }

  /** The cached instance if it may be served and its end is so far that nobody needs to ask the clock. */
  get surelyFresh(): Instance<T> | undefined {
    const slot = this.#slot
    return slot !== undefined && slot.farFromEnd && !slot.suspect ? slot.instance : undefined
  }

  /** The cached instance if it may be served at `now`: the way of almost every call. */
  fresh(now: number): Instance<T> | undefined {
    const slot = this.#slot
    return slot !== undefined && !slot.suspect && this.#inTime(slot, now) ? slot.instance : undefined
  }

  /** The cached instance, fresh or not. */
  get current(): Instance<T> | undefined {
    return this.#slot?.instance
  }

  get loading(): boolean {
    return this.#flight !== undefined
  }

  status(now: number): CacheStatus {
    const { loading } = this
    const slot = this.#slot
    if (slot === undefined) return { state: 'empty', freshForMs: 0, loading }
    if (slot.suspect) return { state: 'suspect', freshForMs: 0, loading }
    const fresh = this.#inTime(slot, now)
    return { state: fresh ? 'fresh' : 'stale', freshForMs: fresh ? slot.freshUntil - now : 0, loading }
  }

  /**
   * An instance, loaded if need be.
   * @param trial the circuit is half-open: even a fresh instance is checked again, and a back-off is ignored
   * @param signal ends the caller's wait, not the load: others may be waiting for it too
   * @throws {@link StoppedError}; what the load failed with; `signal.reason`
   */
  async acquire(trial: boolean, signal?: AbortSource): Promise<Acquired<T>> {
    if (this.#stopped) throw new StoppedError(this.#options.serviceName)
    const now = this.#options.settings.clock.now()
    const ready = this.#ready(now, trial)
    if (ready !== undefined) return ready
    const failure = trial ? undefined : this.#holdingBack(now)
    if (failure !== undefined) return this.#insteadOf(failure.error)
    try {
      return { instance: await this.#join(this.#flight ?? this.#depart(trial, now), signal), result: 'miss' }
    } catch (error) {
      if (signal?.aborted === true) throw error
      return this.#insteadOf(error)
    }
  }

  /** Gone: never served again, not even on error; nor is what a load under way brings. */
  invalidate(): void {
    if (this.#pinned !== undefined) return
    const retired = this.#slot
    this.#drop()
    this.#flight = undefined
    this.#failure = undefined
    if (retired !== undefined) this.#options.lifetimes.retire(retired.instance)
  }

  /** Stale from now on: still served where a stale window allows it. */
  expire(): void {
    if (this.#pinned !== undefined) return
    if (this.#slot !== undefined) {
      this.#watch.remove(this.#slot)
      this.#slot.freshUntil = Math.min(this.#slot.freshUntil, this.#options.settings.clock.now())
    }
    if (this.#flight !== undefined) this.#flight.expired = true
  }

  /** Something went wrong with the service: the cached instance has to prove its health before it is served again. */
  suspect(): void {
    if (this.#pinned !== undefined) return
    if (this.#slot !== undefined) this.#slot.suspect = true
    if (this.#flight !== undefined) this.#flight.suspected = true
  }

  /**
   * Serves `instance`, for ever fresh, until the function it returns is called or another one is pinned.
   * @throws {@link StoppedError}
   */
  pin(instance: Instance<T>): () => void {
    if (this.#stopped) throw new StoppedError(this.#options.serviceName)
    this.#flight = undefined
    this.#failure = undefined
    const slot = this.#hold(instance, { freshUntil: Infinity, wallFreshUntil: Infinity })
    this.#pinned = slot
    return () => {
      if (this.#pinned !== slot) return
      this.#pinned = undefined
      this.invalidate()
    }
  }

  /** Nothing is served any more; a load under way ends in a disposal. */
  stop(): void {
    this.#pinned = undefined
    this.#stopped = true
    this.invalidate()
  }

  #inTime(slot: Slot<T>, now: number): boolean {
    return now < slot.freshUntil && this.#youngEnough(slot, 0)
  }

  /** Whether the wall clock, too, leaves it `windowMs` beyond its TTL; it is asked for security services only. */
  #youngEnough(slot: Slot<T>, windowMs: number): boolean {
    return !this.#options.settings.security || this.#options.settings.clock.wallNow() < slot.wallFreshUntil + windowMs
  }

  #leased(instance: Instance<T>, result: CacheResult): Acquired<T> {
    this.#options.lifetimes.lease(instance)
    return { instance, result }
  }

  /** What can be served on the spot: fresh, or stale while another load is under way in the background. */
  #ready(now: number, trial: boolean): Acquired<T> | undefined {
    if (trial) return this.#pinned && this.#leased(this.#pinned.instance, 'hit')
    const fresh = this.fresh(now)
    if (fresh !== undefined) return this.#leased(fresh, 'hit')
    const stale = this.#stale(now, this.#options.settings.staleWhileRevalidateMs)
    if (stale === undefined) return undefined
    if (this.#flight === undefined && this.#holdingBack(now) === undefined) this.#depart(trial, now)
    return this.#leased(stale, 'stale')
  }

  /** The expired instance, if it is still within `windowMs` of its end. A window of 0 is none, also before that end. */
  #stale(now: number, windowMs: number): Instance<T> | undefined {
    const slot = this.#slot
    if (windowMs === 0 || slot === undefined || slot.suspect) return undefined
    return now < slot.ttlEndsAt + windowMs && this.#youngEnough(slot, windowMs) ? slot.instance : undefined
  }

  /** The failure whose back-off is not over, unless a load is under way already. */
  #holdingBack(now: number): LoadFailure | undefined {
    return this.#flight === undefined && this.#failure !== undefined && now < this.#failure.retryAt
      ? this.#failure
      : undefined
  }

  /** When no instance can be loaded: a stale one if that is allowed, or the error. */
  #insteadOf(error: unknown): Acquired<T> {
    const stale = this.#stale(this.#options.settings.clock.now(), this.#options.settings.staleIfErrorMs)
    if (stale === undefined || isRefusal(error)) throw error
    return this.#leased(stale, 'stale')
  }

  /** Starts a load, which is *the* flight before the provider hears of it: it may call back, to invalidate for one. */
  #depart(trial: boolean, now: number): Flight<T> {
    const slot = this.#slot
    // A load begins although the TTL is not over: it is suspect, or a trial is to find out.
    const suspect = slot !== undefined && this.#inTime(slot, now) ? slot : undefined
    // Nobody is served what is being checked, nor what turns out unwell.
    if (suspect !== undefined) suspect.suspect = true
    let begin: ((landing: Promise<Instance<T>>) => void) | undefined
    const promise = new Promise<Instance<T>>((resolve) => (begin = resolve))
    // A refresh in the background may have nobody waiting for it.
    promise.catch(() => undefined)
    const flight: Flight<T> = {
      promise,
      suspect: suspect?.instance,
      waiters: 0,
      instance: undefined,
      expired: false,
      suspected: false,
    }
    this.#flight = flight
    begin?.(this.#fly(flight, trial))
    return flight
  }

  async #fly(flight: Flight<T>, trial: boolean): Promise<Instance<T>> {
    const { lifetimes } = this.#options
    const { suspect } = flight
    const arrived = lifetimes.enter()
    // Held until it landed: an invalidation meanwhile must not dispose what its callers are about to get.
    if (suspect !== undefined) lifetimes.lease(suspect)
    try {
      return this.#land(flight, await this.#options.load(suspect, trial))
    } catch (error) {
      return this.#crash(flight, error)
    } finally {
      if (suspect !== undefined) lifetimes.release(suspect)
      arrived()
    }
  }

  /** Waits for a flight. The lease is the waiter's before it wakes up, so nothing can end the instance in between. */
  async #join(flight: Flight<T>, signal: AbortSource | undefined): Promise<Instance<T>> {
    flight.waiters++
    try {
      return await (signal === undefined ? flight.promise : unlessAborted(flight.promise, signal))
    } catch (error) {
      if (flight.instance === undefined) flight.waiters--
      else this.#options.lifetimes.release(flight.instance)
      throw error
    }
  }

  #land(flight: Flight<T>, service: T): Instance<T> {
    const { lifetimes, serviceName, settings } = this.#options
    if (this.#stopped) {
      lifetimes.discard(service)
      throw new StoppedError(serviceName)
    }
    const instance = lifetimes.adopt(service)
    flight.instance = instance
    lifetimes.lease(instance, flight.waiters)
    if (this.#flight === flight) {
      this.#flight = undefined
      this.#failure = undefined
      if (settings.cacheTtlMs > 0) this.#commit(instance, flight)
    }
    if (!instance.current) lifetimes.retire(instance)
    return instance
  }

  #commit(instance: Instance<T>, flight: Flight<T>): void {
    const slot = this.#slot
    if (slot !== undefined && flight.suspect === instance) {
      // The one we had has proved its health: its age goes on counting.
      slot.suspect = false
    } else {
      const { cacheTtlMs, cacheTtlJitterRatio, random, clock } = this.#options.settings
      const lifeMs = cacheTtlMs === Infinity ? Infinity : cacheTtlMs * (1 - cacheTtlJitterRatio * random())
      this.#hold(instance, { freshUntil: clock.now() + lifeMs, wallFreshUntil: clock.wallNow() + lifeMs })
    }
    if (flight.expired) this.expire()
    if (flight.suspected) this.suspect()
  }

  #hold(
    instance: Instance<T>,
    { freshUntil, wallFreshUntil }: { freshUntil: number; wallFreshUntil: number },
  ): Slot<T> {
    const previous = this.#slot?.instance
    this.#drop()
    const slot: Slot<T> = {
      instance,
      freshUntil,
      ttlEndsAt: freshUntil,
      wallFreshUntil,
      suspect: false,
      farFromEnd: false,
    }
    instance.current = true
    this.#slot = slot
    // A security service asks the wall clock, too, which may be set at any time.
    if (!this.#options.settings.security) this.#watch.add(slot)
    if (previous !== undefined && previous !== instance) this.#options.lifetimes.retire(previous)
    return slot
  }

  #drop(): void {
    if (this.#slot !== undefined) this.#watch.remove(this.#slot)
    this.#slot = undefined
  }

  #crash(flight: Flight<T>, error: unknown): never {
    if (this.#flight === flight) {
      this.#flight = undefined
      if (!isRefusal(error)) this.#failure = failureAfter(this.#failure, error, this.#options.settings)
    }
    throw error
  }
}
