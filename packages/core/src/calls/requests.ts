import type { AbortSource } from '../attempts/abort-source.ts'
import { CapacityError, isRefusal, refusal, StoppedError } from '../errors.ts'
import type { Acquired } from '../instances/flight.ts'
import type { Instance } from '../instances/instance-lifetimes.ts'
import type { ServiceContext } from '../instances/service-context.ts'
import { ServiceResolver } from '../instances/service-resolver.ts'
import { GET, isTraced, TracedCall } from '../observing/call-trace.ts'
import type { Fallback } from '../options/service-proxy-options.ts'
import { endWithout } from './call-attempt.ts'
import type { CallAttempt } from './call-attempt.ts'
import { CallLedger } from './call-ledger.ts'
import { answerInstead } from './fallback.ts'

/**
 * The way of a request: it finds its instance, takes a place and a lease, is run past the guard, and is answered by the
 * service or by a fallback.
 */
export class Requests<T> extends CallLedger<T> {
  readonly resolver: ServiceResolver<T>

  constructor(context: ServiceContext<T>) {
    const resolver = new ServiceResolver(context)
    super(context, resolver.lifetimes)
    this.resolver = resolver
  }

  /** The instance, or what `fallback` gives in place of it. */
  get(signal: AbortSource | undefined, fallback: Fallback<T> | undefined): Promise<T> {
    if (!isTraced()) return this.#get(signal, fallback)
    const trace = new TracedCall(this.context.proxy, GET, this.context.counters)
    return trace.run(this.context.settings.clock, () => this.#get(signal, fallback, trace))
  }

  async #get(signal: AbortSource | undefined, fallback: Fallback<T> | undefined, trace?: TracedCall): Promise<T> {
    const { clock } = this.context.settings
    this.context.counters.begin()
    this.context.guard.circuit?.observe()
    try {
      const instance = await this.#acquire(signal, trace)
      instance.exposed = true
      this.resolver.lifetimes.release(instance)
      this.context.counters.settle('fulfilled', 'success', clock.now(), undefined)
      trace?.settled('fulfilled', 'success')
      return instance.service
    } catch (error) {
      const end = endWithout(error, signal)
      this.context.counters.settle(end, 'failure', clock.now(), error)
      trace?.settled(end, 'failure')
      if (fallback === undefined || end === 'aborted') throw error
      return answerInstead(this.context, { error, fallback, signal, trace })
    }
  }

  /** What the call answers, or a fallback in place of it: its own, or else that of the service. */
  run<R>(attempt: CallAttempt<T, R>, ownFallback: Fallback<R> | undefined): Promise<R> {
    if (!isTraced()) return this.#answer(attempt, ownFallback)
    const trace = (attempt.trace = new TracedCall(this.context.proxy, attempt.method, this.context.counters))
    return trace.run(this.context.settings.clock, () => this.#answer(attempt, ownFallback))
  }

  #answer<R>(attempt: CallAttempt<T, R>, ownFallback: Fallback<R> | undefined): Promise<R> {
    const result = this.#start(attempt)
    const substitute = this.context.settings.fallback
    const fallback = ownFallback ?? (substitute && attempt.onSubstitute(substitute))
    if (fallback === undefined) return result
    return result.catch((error: unknown) => {
      if (!attempt.mayFallBack(error)) throw error
      const { signal, trace } = attempt
      return answerInstead(this.context, { error, fallback, signal, trace })
    })
  }

  #start<R>(attempt: CallAttempt<T, R>): Promise<R> {
    const { cache, lifetimes } = this.resolver
    const aborted = attempt.signal?.aborted === true
    const cached = aborted ? undefined : (cache.surelyFresh ?? cache.fresh(attempt.startedAt))
    if (cached !== undefined) {
      this.context.counters.found('hit')
      lifetimes.lease(cached)
      attempt.use(cached)
      return this.#run(attempt, cached.service)
    }
    if (aborted || cache.isStopped) return this.#resolveAndRun(attempt)
    if (this.context.guard.refusesAt(attempt.startedAt)) return this.context.guard.execute(attempt)
    return this.context.guard.isTrialAt(attempt.startedAt) ? this.#try(attempt) : this.#resolveAndRun(attempt)
  }

  /** One trial for one call: its permit covers the check of the instance and the work on it. */
  #try<R>(attempt: CallAttempt<T, R>): Promise<R> {
    const heldBack = this.resolver.heldBackAt(attempt.startedAt)
    if (heldBack !== undefined) {
      this.context.counters.found('miss')
      attempt.unavailable(heldBack.error, attempt.startedAt)
      return Promise.reject(heldBack.error)
    }
    attempt.preparation = () => this.#found(this.resolver.acquireInTrial(attempt.signal, attempt.trace), attempt.trace)
    return this.context.guard.execute(attempt)
  }

  async #resolveAndRun<R>(attempt: CallAttempt<T, R>): Promise<R> {
    let instance: Instance<T>
    try {
      instance = await this.#acquire(attempt.signal, attempt.trace)
    } catch (error) {
      attempt.unavailable(error, this.context.settings.clock.now())
      throw error
    }
    attempt.useLate(instance)
    return this.#run(attempt, instance.service)
  }

  /** Runs an attempt on an instance that is leased to it. */
  #run<R>(attempt: CallAttempt<T, R>, service: T): Promise<R> {
    const { maxConcurrentCalls } = this.context.settings
    // A trial is never refused for capacity: it is how places come free that calls without an end still hold.
    const isFull = this.runningCalls > maxConcurrentCalls && !this.context.guard.isTrialAt(attempt.startedAt)
    if (isFull && this.isTooMuch(attempt.startedAt)) {
      return attempt.refuse(
        refusal(() => new CapacityError(this.context.proxy.name, `${maxConcurrentCalls} calls are running`)),
      )
    }
    // The caller's mistake: the circuit does not hear of it.
    const misuse = attempt.misuseOf(service)
    if (misuse !== undefined) return attempt.refuse(misuse)
    return this.context.guard.execute(attempt)
  }

  async #acquire(signal: AbortSource | undefined, trace: TracedCall | undefined): Promise<Instance<T>> {
    if (this.resolver.cache.isStopped) throw new StoppedError(this.context.proxy.name)
    return this.#found(this.resolver.acquire(signal, trace), trace)
  }

  /** Counts where an instance was found. */
  async #found(acquiring: Promise<Acquired<T>>, trace: TracedCall | undefined): Promise<Instance<T>> {
    try {
      const { instance, result } = await acquiring
      this.context.counters.found(result)
      trace?.found(result)
      return instance
    } catch (error) {
      if (!isRefusal(error)) this.context.counters.found('miss')
      throw error
    }
  }
}
