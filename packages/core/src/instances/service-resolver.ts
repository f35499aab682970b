import type { AbortSource } from '../attempts/abort-source.ts'
import type { Attempt } from '../attempts/attempt.ts'
import { entering } from '../attempts/call-signal.ts'
import { isRefusal, ServiceUnavailableError } from '../errors.ts'
import type { TracedCall } from '../observing/call-trace.ts'
import { InstanceCache } from './instance-cache.ts'
import type { Acquired } from './flight.ts'
import { InstanceLifetimes } from './instance-lifetimes.ts'
import type { Instance } from './instance-lifetimes.ts'
import { PendingWork } from './pending-work.ts'
import type { PieceOfWork } from './pending-work.ts'
import type { ServiceContext } from './service-context.ts'
import { ServiceLoader } from './service-loader.ts'

/**
 * How many health checks may be pending at once. More than loads: a check is cheaper, and its absence is noticed
 * sooner.
 */
const MAX_PENDING_CHECKS = 16

/**
 * How a proxy gets its instance: from the cache, or from a load that the circuit admitted. While the circuit is
 * half-open, the cached instance is checked again as part of the trial that needs it.
 */
export class ServiceResolver<T> {
  readonly cache: InstanceCache<T>
  readonly lifetimes: InstanceLifetimes<T>
  readonly #context: ServiceContext<T>
  /** Health checks of the current instance; created with the first. */
  #checks: PendingWork<PieceOfWork> | undefined

  constructor(context: ServiceContext<T>) {
    this.#context = context
    this.lifetimes = new InstanceLifetimes(context)
    this.cache = new InstanceCache(context, this.lifetimes, new ServiceLoader(context, this.lifetimes))
  }

  /**
   * The cached instance, if it needs no wait and no trial. The clock is only read when the instance is about to expire:
   * reading it costs as much as the rest of a cached `get()`.
   */
  get ready(): Instance<T> | undefined {
    const { guard, settings } = this.#context
    if (!guard.isClosed) return undefined
    return this.cache.surelyFresh ?? this.cache.fresh(settings.clock.now())
  }

  /**
   * Returns an instance, leased to the caller.
   * @throws {@link CircuitOpenError} even when an instance is cached; {@link ServiceUnavailableError};
   * {@link ServiceTimeoutError}; `signal.reason`
   */
  async acquire(signal?: AbortSource, call?: TracedCall): Promise<Acquired<T>> {
    if (signal?.aborted === true) throw signal.reason
    const { guard, settings } = this.#context
    const now = settings.clock.now()
    // Rejected even when an instance is cached; through the breaker, so that its own counts stay right.
    if (guard.refusesAt(now)) await guard.execute({ startedAt: now, run: neverAdmitted })
    return guard.isTrialAt(now) ? this.#tryToAcquire(now, signal, call) : this.cache.acquire(false, signal, call)
  }

  /**
   * Returns an instance for a trial that the circuit has admitted, leased to the caller: the cached one once it was
   * checked, or another one.
   * @throws as {@link ServiceResolver.acquire}, but not {@link CircuitOpenError}
   */
  acquireInTrial(signal?: AbortSource, call?: TracedCall): Promise<Acquired<T>> {
    return this.cache.acquire(true, signal, call)
  }

  /**
   * Why no trial can get an instance now. Ask before a trial is admitted: a trial that cannot be made says nothing
   * about the service.
   */
  heldBackAt(now: number): { readonly error: unknown } | undefined {
    return this.cache.heldBack(now, true)
  }

  /** A trial that gets the instance and does nothing with it: the check is the whole trial. */
  async #tryToAcquire(now: number, signal?: AbortSource, call?: TracedCall): Promise<Acquired<T>> {
    const heldBack = this.heldBackAt(now)
    if (heldBack !== undefined) throw heldBack.error
    let acquired: Acquired<T> | undefined
    let answered = false
    return this.#context.guard.execute({
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
   * Asks the provider whether the current instance is healthy. Rejects if it is not, and if so many checks hang that
   * none may begin. Loads nothing, unless the service is critical and there is no instance: an application that is not
   * ready without it has to know whether it is available at all.
   * @param counts whether the result counts for the circuit
   */
  async checkHealth({ counts }: { readonly counts: boolean }): Promise<void> {
    const { guard, proxy, settings } = this.#context
    const instance = this.cache.current
    if (instance === undefined && settings.critical) {
      this.lifetimes.release((await this.acquire()).instance)
      return
    }
    const checks = (this.#checks ??= new PendingWork(MAX_PENDING_CHECKS, settings.timeoutMs))
    const check = { startedAt: settings.clock.now(), overdue: false }
    if (this.#isChecksHeldBack(check.startedAt) || !checks.begin(check)) {
      throw new ServiceUnavailableError(proxy.name, 'too many health checks are still pending after their deadline')
    }
    if (instance !== undefined) this.lifetimes.lease(instance)
    const letGo = (): void => {
      checks.ended(check)
      if (instance !== undefined) this.lifetimes.release(instance)
    }
    let ran = false
    const attempt: Attempt<void> = {
      startedAt: check.startedAt,
      run: async (context) => {
        ran = true
        const healthy = await entering(context, () => settings.provider.checkHealth(instance?.service, context))
        checks.succeeded(check)
        if (!healthy) throw new ServiceUnavailableError(proxy.name, 'it did not pass its health check')
      },
      settled: (end) => {
        check.overdue = end === 'timeout'
        if (!ran) letGo()
      },
      ended: letGo,
    }
    await (counts ? guard.execute(attempt) : guard.executeInTime(attempt))
  }

  #isChecksHeldBack(now: number): boolean {
    return this.#checks !== undefined && now < this.#checks.nextAt
  }

  /**
   * A background health check. Its failures count; while the circuit is half-open it is the trial, so that no user's
   * call has to be. Undefined if the circuit did not admit it, so that nothing was asked.
   */
  async probe(): Promise<boolean | undefined> {
    const { guard, settings } = this.#context
    const now = settings.clock.now()
    if (guard.refusesAt(now)) return undefined
    const isTrial = guard.isTrialAt(now)
    if (!isTrial && this.#isChecksHeldBack(now)) return undefined
    try {
      if (isTrial) {
        this.lifetimes.release((await this.acquire()).instance)
        return true
      }
      const { current } = this.cache
      await this.checkHealth({ counts: true })
      if (current !== undefined) this.cache.clear(current)
      return true
    } catch (error) {
      if (isRefusal(error)) return undefined
      this.cache.suspect()
      return false
    }
  }
}

function neverAdmitted(): never {
  throw new Error('An open circuit ran an attempt')
}
