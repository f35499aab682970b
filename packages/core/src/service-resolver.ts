import type { AbortSource } from './abort-source.ts'
import type { Attempt } from './attempt.ts'
import { GET } from './call-trace.ts'
import type { TracedCall } from './call-trace.ts'
import { entering } from './call-signal.ts'
import type { Circuit } from './circuit/circuit.ts'
import type { CircuitState } from './circuit/state-machine.ts'
import type { Clock } from './clock.ts'
import type { DeadlineQueue } from './deadline.ts'
import { isRefusal, ServiceUnavailableError } from './errors.ts'
import type { ServiceEvents } from './events.ts'
import { InstanceCache } from './instance-cache.ts'
import type { Acquired, InstanceCacheOptions } from './instance-cache.ts'
import { InstanceLifetimes } from './instance-lifetimes.ts'
import type { Instance, InstanceLifetimesOptions } from './instance-lifetimes.ts'
import { TracedLoad } from './load-trace.ts'
import type { RequestCounters } from './metrics/service-metrics.ts'
import { ServiceLoader } from './service-loader.ts'
import type { ServiceLoaderOptions } from './service-loader.ts'
import { PendingWork } from './pending-work.ts'
import type { PieceOfWork } from './pending-work.ts'
import { renewOf } from './service-proxy-options.ts'
import type { ResolvedServiceProxyOptions } from './service-proxy-options.ts'
import type { ServiceProvider } from './service-provider.ts'

/** How many health checks may be pending at once. They ask for less than a load does, and are missed sooner. */
const MAX_PENDING_CHECKS = 16

export interface ServiceResolverOptions<T> {
  /** The proxy it works for. */
  readonly proxy: { readonly name: string }
  readonly settings: ResolvedServiceProxyOptions<T>
  readonly deadlines: DeadlineQueue
  readonly circuit: Circuit | undefined
  readonly counters: RequestCounters
  readonly events: ServiceEvents
}

/**
 * How a proxy comes by its instance: from the cache, or by a load that the circuit admitted. While the circuit is
 * half-open, the cached one is checked again as a part of the trial that needs it.
 *
 * To its three parts it is the world: what they are told and whom they tell.
 */
export class ServiceResolver<T>
  implements InstanceCacheOptions<T>, InstanceLifetimesOptions<T>, ServiceLoaderOptions<T>
{
  readonly settings: ResolvedServiceProxyOptions<T>
  readonly cache: InstanceCache<T>
  readonly lifetimes: InstanceLifetimes<T>
  readonly #loader: ServiceLoader<T>
  /** For what does not go through the circuit: health checks, and everything when there is none. */
  readonly deadlines: DeadlineQueue
  readonly #circuit: Circuit | undefined
  readonly #counters: RequestCounters
  readonly #events: ServiceEvents
  readonly #proxy: { readonly name: string }
  /** Health checks of the instance as it is; made with the first. */
  #checks: PendingWork<PieceOfWork> | undefined

  constructor({ proxy, settings, deadlines, circuit, counters, events }: ServiceResolverOptions<T>) {
    this.#proxy = proxy
    this.settings = settings
    this.deadlines = deadlines
    this.#circuit = circuit
    this.#counters = counters
    this.#events = events
    this.lifetimes = new InstanceLifetimes<T>(this)
    this.#loader = new ServiceLoader<T>(this)
    this.cache = new InstanceCache<T>(this)
  }

  get serviceName(): string {
    return this.#proxy.name
  }

  get clock(): Clock {
    return this.settings.clock
  }

  get provider(): ServiceProvider<T> {
    return this.settings.provider
  }

  get disposeGraceMs(): number {
    return this.settings.disposeGraceMs
  }

  get dispose(): ((service: T) => void | PromiseLike<void>) | undefined {
    const { provider } = this
    return provider.ownership === 'owned' ? (service) => provider.disposeService?.(service) : undefined
  }

  onDisposed(failure: { readonly error?: unknown }): void {
    this.#events.emit({ type: 'dispose', service: this.serviceName, ...failure })
  }

  onLoaded(durationMs: number, failure: { readonly error?: unknown }): void {
    this.#counters.worked(GET, durationMs)
    this.#events.emit({ type: 'load', service: this.serviceName, durationMs, ...failure })
  }

  onAbandoned(change: 1 | -1): void {
    this.#counters.abandonedLoad(change)
  }

  onLateAnswer(): void {
    this.cache.endBackoff()
  }

  load(candidate: Instance<T> | undefined, trial: boolean): Promise<T> {
    return this.#loader.load(candidate, trial)
  }

  get nextLoadAt(): number {
    return this.#loader.nextLoadAt
  }

  traceLoad(): TracedLoad | undefined {
    return TracedLoad.of(this.#proxy)
  }

  get renew(): 'check' | 'replace' {
    return renewOf(this.settings)
  }

  get timeoutMs(): number {
    return this.settings.timeoutMs
  }

  /** The load of a trial is part of an attempt that the circuit has admitted. */
  executeLoad(attempt: Attempt<T>, trial: boolean): Promise<T> {
    return trial ? this.deadlines.run(this.serviceName, attempt) : this.execute(attempt)
  }

  /** Runs an attempt through the circuit, or under its deadline alone when there is none. */
  execute<R>(attempt: Attempt<R>): Promise<R> {
    const circuit = this.#circuit
    return circuit === undefined ? this.deadlines.run(this.serviceName, attempt) : circuit.execute(attempt)
  }

  /**
   * The cached instance, when it can be had without waiting and without a trial. The clock is asked only when its end is
   * near: to read it costs as much as all the rest of a cached `get()`.
   */
  get ready(): Instance<T> | undefined {
    if (this.#circuit !== undefined && !this.#circuit.isClosed) return undefined
    return this.cache.surelyFresh ?? this.cache.fresh(this.clock.now())
  }

  /** Whether the circuit is sure to refuse an attempt, whatever is cached. */
  refusesAt(now: number): boolean {
    const state = this.#stateAt(now)
    return state === 'open' || state === 'isolated'
  }

  /**
   * An instance, leased to the caller.
   * @throws {@link CircuitOpenError} also when an instance is cached; {@link ServiceUnavailableError};
   *   {@link ServiceTimeoutError}; `signal.reason`
   */
  async acquire(signal?: AbortSource, call?: TracedCall): Promise<Acquired<T>> {
    if (signal?.aborted === true) throw signal.reason
    const now = this.clock.now()
    // Refused even when an instance is cached; by the breaker, so that its own counts stay true.
    if (this.refusesAt(now)) await this.execute({ startedAt: now, run: neverAdmitted })
    return this.isTrialAt(now) ? this.#tryToAcquire(now, signal, call) : this.cache.acquire(false, signal, call)
  }

  /** Whether an attempt that begins at `now` is a trial of the circuit, if it is admitted. */
  isTrialAt(now: number): boolean {
    return this.#stateAt(now) === 'half_open'
  }

  /**
   * An instance for a trial that the circuit has admitted: checked again, or another one. Leased to the caller.
   * @throws as {@link ServiceResolver.acquire}, but not {@link CircuitOpenError}
   */
  acquireInTrial(signal?: AbortSource, call?: TracedCall): Promise<Acquired<T>> {
    return this.cache.acquire(true, signal, call)
  }

  /**
   * Why no trial can get an instance now; to be asked before one is admitted, for a trial that cannot be made tells
   * nothing about the service.
   */
  heldBackAt(now: number): { readonly error: unknown } | undefined {
    return this.cache.heldBack(now, true)
  }

  /** A trial that gets the instance and does nothing with it: the check is all of it. */
  async #tryToAcquire(now: number, signal?: AbortSource, call?: TracedCall): Promise<Acquired<T>> {
    const heldBack = this.heldBackAt(now)
    if (heldBack !== undefined) throw heldBack.error
    let acquired: Acquired<T> | undefined
    let answered = false
    return this.execute({
      startedAt: now,
      signal,
      run: async () => {
        acquired = await this.acquireInTrial(signal, call)
        if (answered) this.lifetimes.release(acquired.instance)
        return acquired
      },
      settled: (end) => {
        answered = true
        if (end !== 'fulfilled' && acquired !== undefined) this.lifetimes.release(acquired.instance)
      },
    })
  }

  /**
   * Asks the provider whether the service is well, as it is. Rejects when it is not, and when so many checks hang that
   * none may begin. Nothing is loaded, unless the service is critical and there is no instance: an application that is not
   * ready without it has to know whether it can be had at all.
   */
  async checkHealth(execute: <R>(attempt: Attempt<R>) => Promise<R>): Promise<void> {
    const instance = this.cache.current
    if (instance === undefined && this.settings.critical) {
      this.lifetimes.release((await this.acquire()).instance)
      return
    }
    const checks = (this.#checks ??= new PendingWork(MAX_PENDING_CHECKS, this.timeoutMs))
    const check = { startedAt: this.clock.now(), overdue: false }
    if (this.#isChecksHeldBack(check.startedAt) || !checks.begin(check)) {
      throw new ServiceUnavailableError(this.serviceName, 'health checks that overran their deadline are pending')
    }
    if (instance !== undefined) this.lifetimes.lease(instance)
    const letGo = (): void => {
      checks.ended(check)
      if (instance !== undefined) this.lifetimes.release(instance)
    }
    let ran = false
    await execute({
      startedAt: check.startedAt,
      run: async (context) => {
        ran = true
        const healthy = await entering(context, () => this.provider.checkHealth(instance?.service, context))
        checks.succeeded(check)
        if (!healthy) throw new ServiceUnavailableError(this.serviceName, 'it did not pass its health check')
      },
      settled: (end) => {
        check.overdue = end === 'timeout'
        if (!ran) letGo()
      },
      ended: letGo,
    })
  }

  #isChecksHeldBack(now: number): boolean {
    return this.#checks !== undefined && now < this.#checks.nextAt
  }

  /**
   * A health check in the background. Its failures count; and while the circuit is half-open it is the trial, so that no
   * user's call has to be. Undefined: the circuit did not admit it, and nothing was asked.
   */
  async probe(): Promise<boolean | undefined> {
    const now = this.clock.now()
    if (this.refusesAt(now)) return undefined
    const isTrial = this.isTrialAt(now)
    if (!isTrial && this.#isChecksHeldBack(now)) return undefined
    try {
      if (isTrial) {
        this.lifetimes.release((await this.acquire()).instance)
        return true
      }
      const { current } = this.cache
      await this.checkHealth((attempt) => this.execute(attempt))
      if (current !== undefined) this.cache.clear(current)
      return true
    } catch (error) {
      if (isRefusal(error)) return undefined
      this.cache.suspect()
      return false
    }
  }

  #stateAt(now: number): CircuitState {
    return this.#circuit?.stateAt(now) ?? 'closed'
  }
}

function neverAdmitted(): never {
  throw new Error('A circuit that is open ran an attempt')
}
