import type { Attempt } from './attempt.ts'
import type { Circuit } from './circuit/circuit.ts'
import type { CircuitState } from './circuit/state-machine.ts'
import type { DeadlineQueue } from './deadline.ts'
import { CircuitOpenError, isRefusal, ServiceUnavailableError } from './errors.ts'
import type { ServiceEvents } from './events.ts'
import { InstanceCache } from './instance-cache.ts'
import type { Acquired } from './instance-cache.ts'
import { InstanceLifetimes } from './instance-lifetimes.ts'
import type { RequestCounters } from './metrics/service-metrics.ts'
import { ServiceLoader } from './service-loader.ts'
import type { ResolvedServiceProxyOptions } from './service-proxy-options.ts'

/** The method under which the latency of loads is counted. */
const LOAD = '$get'

export interface ServiceResolverOptions<T> {
  readonly name: string
  readonly options: ResolvedServiceProxyOptions<T>
  readonly deadlines: DeadlineQueue
  readonly circuit: Circuit | undefined
  readonly counters: RequestCounters
  readonly events: ServiceEvents
}

/**
 * How a proxy comes by its instance: from the cache, or by a load that the circuit admitted. While the circuit is
 * half-open, getting the instance is itself a trial: the cached one is checked again.
 */
export class ServiceResolver<T> {
  readonly cache: InstanceCache<T>
  readonly lifetimes: InstanceLifetimes<T>
  readonly #parts: ServiceResolverOptions<T>
  readonly #loader: ServiceLoader<T>

  constructor(parts: ServiceResolverOptions<T>) {
    const { name, options, counters, events } = parts
    const { provider, clock } = options
    this.#parts = parts
    this.lifetimes = new InstanceLifetimes<T>({
      serviceName: name,
      clock,
      disposeGraceMs: options.disposeGraceMs,
      dispose: provider.ownership === 'owned' ? (service) => provider.disposeService?.(service) : undefined,
      onDisposed: (failure) => events.emit({ type: 'dispose', service: name, ...failure }),
    })
    this.#loader = new ServiceLoader({
      name,
      provider,
      clock,
      lifetimes: this.lifetimes,
      execute: (attempt) => this.execute(attempt),
      onLoaded: (durationMs, failure) => {
        counters.worked(LOAD, durationMs)
        events.emit({ type: 'load', service: name, durationMs, ...failure })
      },
    })
    this.cache = new InstanceCache<T>({
      ...options,
      serviceName: name,
      lifetimes: this.lifetimes,
      load: (suspect, trial) => this.#loader.load(suspect, trial),
    })
  }

  /** Runs an attempt through the circuit, or under its deadline alone when there is none. */
  execute<R>(attempt: Attempt<R>): Promise<R> {
    const { circuit, deadlines } = this.#parts
    return circuit === undefined ? deadlines.run(attempt) : circuit.execute(attempt)
  }

  stateAt(now: number): CircuitState {
    return this.#parts.circuit?.stateAt(now) ?? 'closed'
  }

  /**
   * An instance, leased to the caller.
   * @throws {@link CircuitOpenError} also when an instance is cached; {@link ServiceUnavailableError};
   *   {@link ServiceTimeoutError}; `signal.reason`
   */
  async acquire(signal?: AbortSignal): Promise<Acquired<T>> {
    const { name, circuit, options } = this.#parts
    signal?.throwIfAborted()
    const now = options.clock.now()
    const state = this.stateAt(now)
    // Refused even when an instance is cached; by the breaker, so that its own counts stay true.
    if (state === 'open' || state === 'isolated') await this.execute({ startedAt: now, run: neverAdmitted })
    // Never queued behind a trial that is under way.
    if (state === 'half_open' && this.cache.loading) throw new CircuitOpenError(name, circuit?.retryAfterMs)
    return this.cache.acquire(state === 'half_open', signal)
  }

  /** Asks the provider whether the service is well, as it is: nothing is loaded. Rejects when it is not. */
  async checkHealth(execute: <R>(attempt: Attempt<R>) => Promise<R>): Promise<void> {
    const { name, options } = this.#parts
    const instance = this.cache.current
    if (instance !== undefined) this.lifetimes.lease(instance)
    const letGo = (): void => {
      if (instance !== undefined) this.lifetimes.release(instance)
    }
    let ran = false
    await execute({
      startedAt: options.clock.now(),
      run: async (context) => {
        ran = true
        const healthy = await options.provider.checkHealth(instance?.service, context)
        if (!healthy) throw new ServiceUnavailableError(name, 'it did not pass its health check')
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
    const state = this.stateAt(this.#parts.options.clock.now())
    if (state === 'open' || state === 'isolated') return undefined
    try {
      if (state === 'half_open') this.lifetimes.release((await this.acquire()).instance)
      else await this.checkHealth((attempt) => this.execute(attempt))
      return true
    } catch (error) {
      if (isRefusal(error)) return undefined
      this.cache.suspect()
      return false
    }
  }
}

function neverAdmitted(): never {
  throw new Error('A circuit that is open ran an attempt')
}
