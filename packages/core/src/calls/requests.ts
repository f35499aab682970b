import { endBy } from '../attempts/abort-source.ts'
import type { AbortSource } from '../attempts/abort-source.ts'
import type { AttemptEnd } from '../attempts/attempt.ts'
import { DeadlineQueue } from '../attempts/deadline.ts'
import { CapacityError, isRefusal, refusal, StoppedError } from '../errors.ts'
import type { Acquired } from '../instances/flight.ts'
import type { Instance } from '../instances/instance-lifetimes.ts'
import type { ServiceContext } from '../instances/service-context.ts'
import { ServiceResolver } from '../instances/service-resolver.ts'
import { GET, isTraced, TracedCall } from '../observing/call-trace.ts'
import type { Fallback } from '../options/service-proxy-options.ts'
import { endWithout } from './call-attempt.ts'
import type { CallAttempt, GoesOn } from './call-attempt.ts'
import { CallLedger } from './call-ledger.ts'
import { CallQueue } from './call-queue.ts'
import { answerInstead } from './fallback.ts'
import { RequestTime } from './request-time.ts'
import { Retries } from './retries.ts'

/** What may still help a request whose attempt failed. */
interface Recoverable<R> {
  readonly fallback: Fallback<R> | undefined
  /** The caller's signal, if there is one. */
  readonly caller: AbortSource | undefined
}

/**
 * The path of a request: it gets its instance, a slot and a lease, is run by the guard, and is answered by the service
 * or by a fallback.
 */
export class Requests<T> extends CallLedger<T> {
  readonly resolver: ServiceResolver<T>

  /** The deadlines of whole requests; the field exists only if they have one. */
  declare deadlines?: DeadlineQueue

  constructor(context: ServiceContext<T>) {
    const resolver = new ServiceResolver(context)
    super(context, resolver.lifetimes)
    this.resolver = resolver
    const { clock, calls } = context.settings
    calls.methods?.join(clock)
    if (calls.requestTimeoutMs !== undefined) this.deadlines = DeadlineQueue.join(clock, calls.requestTimeoutMs)
  }

  /** The circuit has opened: no call waits any longer. */
  refuseQueued(): void {
    this.queue?.dismiss()
  }

  /** Takes no new work. Waiting calls have nothing left to wait for. */
  stop(): void {
    this.resolver.cache.stop()
    this.retries?.stop()
    this.queue?.dismiss()
  }

  /** Ends it, when no call is in flight any more. */
  dispose(): void {
    this.context.settings.calls.methods?.leave()
    this.deadlines?.leave()
  }

  /** The instance, or the fallback's substitute for it. */
  get(signal: AbortSource | undefined, fallback: Fallback<T> | undefined): Promise<T> {
    if (!isTraced()) return this.#get(signal, fallback)
    const trace = new TracedCall(this.context.proxy, GET, this.context.counters)
    return trace.run(this.context.settings.clock, () => this.#get(signal, fallback, trace))
  }

  async #get(caller: AbortSource | undefined, fallback: Fallback<T> | undefined, trace?: TracedCall): Promise<T> {
    const { clock } = this.context.settings
    this.context.counters.begin()
    this.context.guard.circuit?.observe()
    const time = this.#timeOf(clock.now(), caller)
    const signal = time ?? caller
    try {
      const instance = await this.#acquire(signal, trace)
      time?.end()
      instance.exposed = true
      this.resolver.lifetimes.release(instance)
      this.context.counters.settle('fulfilled', 'success', clock.now(), undefined)
      trace?.settled('fulfilled', 'success')
      return instance.service
    } catch (error) {
      time?.end()
      const end = endWithout(error, signal)
      this.context.counters.settle(end, 'failure', clock.now(), error)
      trace?.settled(end, 'failure')
      if (fallback === undefined || end === 'aborted') throw error
      return answerInstead(this.context, { error, fallback, signal: caller, trace })
    }
  }

  /** The answer of the call, or of a fallback: its own, or else that of the service. */
  run<R>(attempt: CallAttempt<T, R>, ownFallback: Fallback<R> | undefined): Promise<R> {
    this.context.counters.begin()
    if (!isTraced()) return this.#answer(attempt, ownFallback)
    const trace = (attempt.trace = new TracedCall(this.context.proxy, attempt.method, this.context.counters))
    return trace.run(this.context.settings.clock, () => this.#answer(attempt, ownFallback))
  }

  #answer<R>(attempt: CallAttempt<T, R>, ownFallback: Fallback<R> | undefined): Promise<R> {
    const caller = attempt.signal
    const time = this.#timeOf(attempt.startedAt, caller)
    if (time !== undefined) attempt.signal = time
    const substitute = this.context.settings.fallback
    const fallback = ownFallback ?? (substitute && attempt.onSubstitute(substitute))
    if (attempt.retry !== undefined) this.retries ??= new Retries(this.context, this.resolver.cache)
    const result = this.#start(attempt)
    if (fallback === undefined && attempt.retry === undefined) return result
    return result.catch((error: unknown) => this.#recover(attempt, error, { fallback, caller }))
  }

  /** An attempt failed: makes another one if the request goes on, and finally asks the fallback if there is one. */
  async #recover<R>(attempt: CallAttempt<T, R>, error: unknown, request: Recoverable<R>): Promise<R> {
    const again = attempt.goesOn && (await this.#next(attempt, attempt.goesOn))
    if (again !== undefined) {
      return this.#start(again).catch((failure: unknown) => this.#recover(again, failure, request))
    }
    const { fallback, caller } = request
    const told = attempt.told === undefined ? error : attempt.told.error
    if (fallback === undefined || !attempt.mayFallBack(told)) throw told
    return answerInstead(this.context, { error: told, fallback, signal: caller, trace: attempt.trace })
  }

  /** The next attempt, after a wait that occupies nothing; undefined if the request ended in the meantime. */
  async #next<R>(attempt: CallAttempt<T, R>, { waitMs, failed }: GoesOn): Promise<CallAttempt<T, R> | undefined> {
    const { clock } = this.context.settings
    try {
      await this.retries?.wait(waitMs, attempt.signal)
    } catch (reason) {
      attempt.endRequest({ end: endBy(attempt.signal), outcome: 'ignored', error: reason }, clock.now())
      return undefined
    }
    const now = clock.now()
    if (this.retries?.mayAskAt(now) === true) return attempt.again()
    this.context.counters.retried('denied')
    attempt.endRequest(failed, now)
    return undefined
  }

  #start<R>(attempt: CallAttempt<T, R>): Promise<R> {
    const { cache, lifetimes } = this.resolver
    const aborted = attempt.signal?.aborted === true
    const cached = aborted ? undefined : (cache.surelyFresh ?? cache.fresh(attempt.startedAt))
    if (cached !== undefined) {
      if (attempt.placed !== true) this.context.counters.found('hit')
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

  /** Runs an attempt on the instance that is leased to it. */
  #run<R>(attempt: CallAttempt<T, R>, service: T): Promise<R> {
    const { maxConcurrentCalls } = this.context.settings.calls
    if (this.runningCalls > maxConcurrentCalls && this.#isOneTooMany(attempt)) return this.#waitForPlace(attempt)
    // A mistake of the caller: it does not count for the circuit.
    const misuse = attempt.misuseOf(service)
    if (misuse !== undefined) return attempt.refuse(misuse)
    return this.context.guard.execute(attempt)
  }

  /**
   * Whether an attempt beyond the limit has to wait or is rejected. A trial is exempt: trials free the slots of calls
   * that hang. An attempt that the circuit rejects does not wait for a slot.
   */
  #isOneTooMany({ placed, startedAt }: CallAttempt<T, unknown>): boolean {
    if (placed === true || !this.context.guard.letsThroughAt(startedAt)) return false
    if (this.isTooMuch(startedAt)) return true
    // One is let through all the same: the one that has waited longest, if any are waiting.
    const isTaken = this.queue?.give() === true
    if (isTaken) this.runningCalls++
    return isTaken
  }

  /** Queues an attempt until it gets a slot, then starts it again. It holds no instance while it waits. */
  async #waitForPlace<R>(attempt: CallAttempt<T, R>): Promise<R> {
    const { counters, guard, settings } = this.context
    const { maxQueuedCalls, requestTimeoutMs } = settings.calls
    const queue = (this.queue ??= new CallQueue())
    if (queue.length >= maxQueuedCalls) return attempt.refuse(this.#noPlace(queue.length))
    attempt.letGo()
    const waiting = queue.join()
    const startedAt = settings.clock.now()
    let end: AttemptEnd | undefined
    counters.queued()
    try {
      await guard.executeInTime({
        startedAt,
        signal: attempt.signal,
        timeoutMs: requestTimeoutMs ?? attempt.timeoutMs,
        run: () => waiting.called,
        settled: (ended, _result, now) => {
          end = ended
          counters.leftQueue(now - startedAt)
          attempt.trace?.queued(now - startedAt)
        },
      })
    } catch (reason) {
      queue.leave(waiting)
      // It got a slot and timed out at the same moment.
      if (waiting.hasPlace) this.placeLeft()
      if (end === 'timeout') return attempt.refuse(this.#noPlace(queue.length, settings.clock.now() - startedAt))
      attempt.unavailable(reason, settings.clock.now())
      throw reason
    }
    attempt.waited(waiting.hasPlace)
    return this.#start(attempt)
  }

  #noPlace(waiting: number, waitedMs = 0): CapacityError {
    const running = `${this.context.settings.calls.maxConcurrentCalls} calls are in flight (maxConcurrentCalls)`
    const others = waiting > 0 ? `, ${waiting} are queued` : ''
    const waited = waitedMs > 0 ? `, and none ended within ${Math.round(waitedMs)} ms` : ''
    return refusal(() => new CapacityError(this.context.proxy.name, running + others + waited))
  }

  #timeOf(startedAt: number, caller: AbortSource | undefined): RequestTime | undefined {
    return this.deadlines && new RequestTime(this.context.proxy.name, this.deadlines, startedAt, caller)
  }

  async #acquire(signal: AbortSource | undefined, trace: TracedCall | undefined): Promise<Instance<T>> {
    if (this.resolver.cache.isStopped) throw new StoppedError(this.context.proxy.name)
    return this.#found(this.resolver.acquire(signal, trace), trace)
  }

  /** Records where the instance came from. */
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
