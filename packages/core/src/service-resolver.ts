import type { AbortSource } from './abort-source.ts'
import type { Attempt } from './attempt.ts'
import { GET } from './call-trace.ts'
import type { Circuit } from './circuit/circuit.ts'
import type { CircuitState } from './circuit/state-machine.ts'
import type { Clock } from './clock.ts'
import type { DeadlineQueue } from './deadline.ts'
import { CircuitOpenError, isRefusal, refusal, ServiceUnavailableError } from './errors.ts'
import type { ServiceEvents } from './events.ts'
import { InstanceCache } from './instance-cache.ts'
import type { Acquired, InstanceCacheOptions } from './instance-cache.ts'
import { InstanceLifetimes } from './instance-lifetimes.ts'
import type { Instance, InstanceLifetimesOptions } from './instance-lifetimes.ts'
import type { RequestCounters } from './metrics/service-metrics.ts'
import { ServiceLoader } from './service-loader.ts'
import type { ServiceLoaderOptions } from './service-loader.ts'
import type { ResolvedServiceProxyOptions } from './service-proxy-options.ts'
import type { ServiceProvider } from './service-provider.ts'

export interface ServiceResolverOptions<T> {
  readonly name: string
  readonly settings: ResolvedServiceProxyOptions<T>
  readonly deadlines: DeadlineQueue
  readonly circuit: Circuit | undefined
  readonly counters: RequestCounters
  readonly events: ServiceEvents
}

/**
 * How a proxy comes by its instance: from the cache, or by a load that the circuit admitted. While the circuit is
 * half-open, getting the instance is itself a trial: the cached one is checked again.
 *
 * To its three parts it is the world: what they are told and whom they tell.
 */
export class ServiceResolver<T>
  implements InstanceCacheOptions<T>, InstanceLifetimesOptions<T>, ServiceLoaderOptions<T>
{
  readonly serviceName: string
  readonly settings: ResolvedServiceProxyOptions<T>
  readonly cache: InstanceCache<T>
  readonly lifetimes: InstanceLifetimes<T>
  readonly #loader: ServiceLoader<T>
  readonly #deadlines: DeadlineQueue
  readonly #circuit: Circuit | undefined
  readonly #counters: RequestCounters
  readonly #events: ServiceEvents

  constructor({ name, settings, deadlines, circuit, counters, events }: ServiceResolverOptions<T>) {
    this.serviceName = name
    this.settings = settings
    this.#deadlines = deadlines
    this.#circuit = circuit
    this.#counters = counters
    this.#events = events
    this.lifetimes = new InstanceLifetimes<T>(this)
    this.#loader = new ServiceLoader<T>(this)
    this.cache = new InstanceCache<T>(this)
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

  load(suspect: Instance<T> | undefined, trial: boolean): Promise<T> {
    return this.#loader.load(suspect, trial)
  }

  /** Runs an attempt through the circuit, or under its deadline alone when there is none. */
  execute<R>(attempt: Attempt<R>): Promise<R> {
    const circuit = this.#circuit
    return circuit === undefined ? this.#deadlines.run(this.serviceName, attempt) : circuit.execute(attempt)
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
  async acquire(signal?: AbortSource): Promise<Acquired<T>> {
    if (signal?.aborted === true) throw signal.reason
    const now = this.clock.now()
    // Refused even when an instance is cached; by the breaker, so that its own counts stay true.
    if (this.refusesAt(now)) await this.execute({ startedAt: now, run: neverAdmitted })
    const isTrial = this.#stateAt(now) === 'half_open'
    // Never queued behind a trial that is under way.
    if (isTrial && this.cache.loading) {
      throw refusal(() => new CircuitOpenError(this.serviceName, this.#circuit?.retryAfterMs))
    }
    return this.cache.acquire(isTrial, signal)
  }

  /**
   * Asks the provider whether the service is well, as it is. Rejects when it is not. Nothing is loaded, unless the
   * service is critical and there is no instance: an application that is not ready without it has to know whether it can
   * be had at all.
   */
  async checkHealth(execute: <R>(attempt: Attempt<R>) => Promise<R>): Promise<void> {
    const instance = this.cache.current
    if (instance === undefined && this.settings.critical) {
      this.lifetimes.release((await this.acquire()).instance)
      return
    }
    if (instance !== undefined) this.lifetimes.lease(instance)
    const letGo = (): void => {
      if (instance !== undefined) this.lifetimes.release(instance)
    }
    let ran = false
    await execute({
      startedAt: this.clock.now(),
      run: async (context) => {
        ran = true
        const healthy = await this.provider.checkHealth(instance?.service, context)
        if (!healthy) throw new ServiceUnavailableError(this.serviceName, 'it did not pass its health check')
      },
      settled: () => {
        if (!ran) letGo()
      },
      ended: letGo,
    })
  }

  /**
   * A health check in the background. Its failures count; and while the circuit is half-open it is the trial, so that no
   * user's call has to be. Undefined: the circuit did not admit it, and nothing was asked.
   */
  async probe(): Promise<boolean | undefined> {
    const now = this.clock.now()
    if (this.refusesAt(now)) return undefined
    try {
      if (this.#stateAt(now) === 'half_open') this.lifetimes.release((await this.acquire()).instance)
      else await this.checkHealth((attempt) => this.execute(attempt))
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
