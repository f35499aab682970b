import { unlessAborted } from '../attempts/abort-source.ts'
import type { AbortSource } from '../attempts/abort-source.ts'
import { failureAfter, tooManyPending } from './backoff.ts'
import type { LoadFailure } from './backoff.ts'
import { isRenewable, newLife } from './cache-slot.ts'
import type { CacheStatus, Life, Slot } from './cache-slot.ts'
import type { CacheResult } from '../observing/service-metrics.ts'
import type { Acquired, Flight } from './flight.ts'
import type { TracedCall } from '../observing/call-trace.ts'
import { isRefusal, StoppedError } from '../errors.ts'
import { expiryWatchOf } from './expiry-watch.ts'
import type { ExpiryWatch } from './expiry-watch.ts'
import type { Instance, InstanceLifetimes } from './instance-lifetimes.ts'
import { TracedLoad } from '../observing/load-trace.ts'
import { outsideRequests } from '../outside-requests.ts'
import { renewOf } from '../options/service-proxy-options.ts'
import type { ResolvedServiceProxyOptions } from '../options/service-proxy-options.ts'
import type { ServiceLoader } from './service-loader.ts'

/** What the cache needs of {@link ServiceContext}. */
export interface CacheContext<T> {
  readonly proxy: { readonly name: string }
  readonly settings: CacheSettings<T>
}

type CacheSettings<T> = Pick<
  ResolvedServiceProxyOptions<T>,
  | 'clock'
  | 'random'
  | 'provider'
  | 'cacheTtlMs'
  | 'cacheTtlJitterRatio'
  | 'staleWhileRevalidateMs'
  | 'staleIfErrorMs'
  | 'backoffInitialMs'
  | 'backoffMaxMs'
  | 'security'
>

/** What the cache needs of the loader. */
export type Loads<T> = Pick<ServiceLoader<T>, 'load' | 'nextLoadAt' | 'lateAnswers'>

/**
 * Caches one instance of a service. A load that began before an invalidation may still answer the callers that waited
 * for it, but is never cached; later callers start another load. That is why a flight counts only while it is *the*
 * flight: its identity is its generation.
 */
export class InstanceCache<T> {
  readonly #context: CacheContext<T>
  readonly #lifetimes: InstanceLifetimes<T>
  readonly #loads: Loads<T>
  readonly #watch: ExpiryWatch
  #slot: Slot<T> | undefined
  #flight: Flight<T> | undefined
  #failure: LoadFailure | undefined
  /** The instance of {@link InstanceCache.pin}: only the end of the pin removes it. */
  #pinned: Slot<T> | undefined
  #stopped = false

  constructor(context: CacheContext<T>, lifetimes: InstanceLifetimes<T>, loads: Loads<T>) {
    this.#context = context
    this.#lifetimes = lifetimes
    this.#loads = loads
    this.#watch = expiryWatchOf(context.settings.clock)
  }

  /** The cached instance if it may be served and its end is so far that the clock need not be read. */
  get surelyFresh(): Instance<T> | undefined {
    const slot = this.#slot
    return slot !== undefined && slot.farFromEnd && !slot.suspect ? slot.instance : undefined
  }

  /** The cached instance if it may be served at `now`: the path of almost every call. */
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

  get isStopped(): boolean {
    return this.#stopped
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
   * Returns an instance, loading one if necessary.
   * @param trial whether it is for a trial of the circuit: then even a fresh instance is checked again, and the
   * back-off is ignored
   * @param signal ends the caller's wait, not the load: others may be waiting for it, too
   * @param call its trace, which records the load that it waits for
   * @throws {@link StoppedError}; what the load failed with; `signal.reason`
   */
  async acquire(trial: boolean, signal?: AbortSource, call?: TracedCall): Promise<Acquired<T>> {
    if (this.#stopped) throw new StoppedError(this.#serviceName)
    const now = this.#settings.clock.now()
    const ready = this.#ready(now, trial)
    if (ready !== undefined) return ready
    const heldBack = this.heldBack(now, trial)
    if (heldBack !== undefined) return this.#insteadOf(heldBack.error)
    const flight = this.#flight ?? this.#depart(trial, now)
    if (call !== undefined) call.load = flight.trace
    try {
      return { instance: await this.#join(flight, signal), result: 'miss' }
    } catch (error) {
      if (signal?.aborted === true) throw error
      return this.#insteadOf(error)
    }
  }

  /**
   * Why no load may begin now, and when one may; undefined if one may, or is in flight. Either the back-off of the last
   * failure is not over, or too many loads hang. A trial ignores the back-off.
   */
  heldBack(now: number, trial: boolean): Pick<LoadFailure, 'error' | 'retryAt'> | undefined {
    if (this.#flight !== undefined || this.#pinned !== undefined) return undefined
    const failure = this.#lastFailure
    if (failure !== undefined && !trial && now < failure.retryAt) return failure
    const { nextLoadAt: retryAt } = this.#loads
    return now >= retryAt ? undefined : { error: failure?.error ?? tooManyPending(this.#serviceName), retryAt }
  }

  /** The instance is never served again, not even on error; nor is the one that a load in flight brings. */
  invalidate(): void {
    if (this.#pinned !== undefined) return
    const retired = this.#slot
    this.#drop()
    this.#flight = undefined
    this.#failure = undefined
    if (retired !== undefined) this.#lifetimes.retire(retired.instance)
  }

  /** The instance is stale from now on: it is served only where a stale window allows it. */
  expire(): void {
    if (this.#pinned !== undefined) return
    if (this.#slot !== undefined) {
      this.#watch.remove(this.#slot)
      this.#slot.freshUntil = Math.min(this.#slot.freshUntil, this.#settings.clock.now())
    }
    if (this.#flight !== undefined) this.#flight.expired = true
  }

  /**
   * Something went wrong with the service: the cached instance has to pass its health check before it is served again.
   */
  suspect(): void {
    if (this.#pinned !== undefined) return
    if (this.#slot !== undefined) this.#slot.suspect = true
    if (this.#flight !== undefined) this.#flight.suspected = true
  }

  /** A trial of the circuit failed on the cached instance: it is neither served nor checked again, but replaced. */
  distrust(): void {
    this.suspect()
    if (this.#pinned === undefined && this.#slot !== undefined) this.#slot.instance.trusted = false
  }

  /** `instance` has passed its health check: if it is the cached one, it is no longer suspect. */
  clear(instance: Instance<T>): void {
    if (this.#slot?.instance === instance && instance.trusted) this.#slot.suspect = false
  }

  /**
   * Serves `instance`, always fresh, until the returned function is called or another instance is pinned.
   * @throws {@link StoppedError}
   */
  pin(instance: Instance<T>): () => void {
    if (this.#stopped) throw new StoppedError(this.#serviceName)
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

  /** Nothing is served any more; the instance that a load in flight brings is disposed. */
  stop(): void {
    this.#pinned = undefined
    this.#stopped = true
    this.invalidate()
  }

  get #serviceName(): string {
    return this.#context.proxy.name
  }

  get #settings(): CacheSettings<T> {
    return this.#context.settings
  }

  /**
   * The failure of the last load, unless the provider has answered an earlier load since: then no back-off is needed.
   */
  get #lastFailure(): LoadFailure | undefined {
    return this.#failure?.lateAnswers === this.#loads.lateAnswers ? this.#failure : undefined
  }

  get #renew(): 'check' | 'replace' {
    return renewOf(this.#settings)
  }

  #inTime(slot: Slot<T>, now: number): boolean {
    return now < slot.freshUntil && this.#youngEnough(slot, 0)
  }

  /** Whether it is within `windowMs` of its TTL by the wall clock, too, which is only read for security services. */
  #youngEnough(slot: Slot<T>, windowMs: number): boolean {
    return !this.#settings.security || this.#settings.clock.wallNow() < slot.wallFreshUntil + windowMs
  }

  #leased(instance: Instance<T>, result: CacheResult): Acquired<T> {
    this.#lifetimes.lease(instance)
    return { instance, result }
  }

  /** What can be served at once: a fresh instance, or a stale one while another is loaded in the background. */
  #ready(now: number, trial: boolean): Acquired<T> | undefined {
    if (trial) return this.#pinned && this.#leased(this.#pinned.instance, 'hit')
    const fresh = this.fresh(now)
    if (fresh !== undefined) return this.#leased(fresh, 'hit')
    const stale = this.#stale(now, this.#settings.staleWhileRevalidateMs)
    if (stale === undefined) return undefined
    if (this.#flight === undefined && this.heldBack(now, false) === undefined) this.#depart(false, now)
    return this.#leased(stale, 'stale')
  }

  /** The expired instance, if it is within `windowMs` of its end. A window of 0 is none, also before that end. */
  #stale(now: number, windowMs: number): Instance<T> | undefined {
    const slot = this.#slot
    if (windowMs === 0 || slot === undefined || slot.suspect) return undefined
    return now < slot.ttlEndsAt + windowMs && this.#youngEnough(slot, windowMs) ? slot.instance : undefined
  }

  /** For when no instance can be loaded: a stale one if that is allowed, or the error. */
  #insteadOf(error: unknown): Acquired<T> {
    const stale = this.#stale(this.#settings.clock.now(), this.#settings.staleIfErrorMs)
    if (stale === undefined || isRefusal(error)) throw error
    return this.#leased(stale, 'stale')
  }

  /**
   * Starts a load, which is *the* flight before the provider is called: the provider may call back, to invalidate for
   * example.
   */
  #depart(trial: boolean, now: number): Flight<T> {
    const candidate = this.#candidate(now)
    let begin: ((landing: Promise<Instance<T>>) => void) | undefined
    const promise = new Promise<Instance<T>>((resolve) => (begin = resolve))
    // A background refresh may have nobody waiting for it.
    promise.catch(() => undefined)
    const flight: Flight<T> = {
      promise,
      candidate,
      trace: TracedLoad.of(this.#context.proxy),
      waiters: 0,
      instance: undefined,
      expired: false,
      suspected: false,
    }
    this.#flight = flight
    // What it loads outlives the request that happened to need it first.
    begin?.(outsideRequests(() => this.#fly(flight, trial)))
    return flight
  }

  /** The cached instance, if a load is to check it before it asks for another. */
  #candidate(now: number): Instance<T> | undefined {
    const slot = this.#slot
    if (slot === undefined || !slot.instance.trusted) return undefined
    if (this.#inTime(slot, now)) {
      // It is suspect while it is checked: nobody is served an instance that may turn out unhealthy.
      slot.suspect = true
      return slot.instance
    }
    return isRenewable(slot, this.#renew) ? slot.instance : undefined
  }

  async #fly(flight: Flight<T>, trial: boolean): Promise<Instance<T>> {
    const lifetimes = this.#lifetimes
    const { candidate, trace } = flight
    const arrived = lifetimes.enter()
    // Leased until the load has ended: an invalidation in the meantime must not dispose what its callers are about to
    // get.
    if (candidate !== undefined) lifetimes.lease(candidate)
    const load = (): Promise<T> => this.#loads.load(candidate, trial)
    try {
      return this.#land(flight, await (trace === undefined ? load() : trace.run(this.#settings.clock, load)))
    } catch (error) {
      return this.#crash(flight, error)
    } finally {
      if (candidate !== undefined) lifetimes.release(candidate)
      arrived()
    }
  }

  /**
   * Waits for a flight. The waiter owns its lease before it resumes, so nothing can dispose the instance in between.
   */
  async #join(flight: Flight<T>, signal: AbortSource | undefined): Promise<Instance<T>> {
    flight.waiters++
    try {
      return await (signal === undefined ? flight.promise : unlessAborted(flight.promise, signal))
    } catch (error) {
      if (flight.instance === undefined) flight.waiters--
      else this.#lifetimes.release(flight.instance)
      throw error
    }
  }

  #land(flight: Flight<T>, service: T): Instance<T> {
    const lifetimes = this.#lifetimes
    if (this.#stopped) {
      lifetimes.discard(service)
      throw new StoppedError(this.#serviceName)
    }
    const instance = lifetimes.adopt(service)
    flight.instance = instance
    lifetimes.lease(instance, flight.waiters)
    if (this.#flight === flight) {
      this.#flight = undefined
      this.#failure = undefined
      if (this.#settings.cacheTtlMs > 0) this.#commit(instance, flight)
    }
    if (!instance.current) lifetimes.retire(instance)
    return instance
  }

  #commit(instance: Instance<T>, flight: Flight<T>): void {
    const slot = this.#slot
    if (slot === undefined || flight.candidate !== instance) {
      instance.trusted = true
      this.#hold(instance, newLife(this.#settings))
    } else if (this.#inTime(slot, this.#settings.clock.now()) || !isRenewable(slot, this.#renew)) {
      // The cached instance has passed its health check; its age keeps counting.
      slot.suspect = false
    } else {
      this.#hold(instance, newLife(this.#settings))
    }
    if (flight.expired) this.expire()
    if (flight.suspected) this.suspect()
  }

  #hold(instance: Instance<T>, { freshUntil, wallFreshUntil }: Life): Slot<T> {
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
    // A security service reads the wall clock, too, which may be set at any time.
    if (!this.#settings.security) this.#watch.add(slot)
    if (previous !== undefined && previous !== instance) this.#lifetimes.retire(previous)
    return slot
  }

  #drop(): void {
    if (this.#slot !== undefined) this.#watch.remove(this.#slot)
    this.#slot = undefined
  }

  #crash(flight: Flight<T>, error: unknown): never {
    if (this.#flight === flight) {
      this.#flight = undefined
      if (!isRefusal(error)) {
        this.#failure = failureAfter(this.#lastFailure, error, this.#loads.lateAnswers, this.#settings)
      }
    }
    throw error
  }
}
