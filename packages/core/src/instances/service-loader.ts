import type { Attempt, AttemptEnd, CallContext } from '../attempts/attempt.ts'
import { entering } from '../attempts/call-signal.ts'
import type { Guard } from '../circuit/guard.ts'
import { ServiceUnavailableError } from '../errors.ts'
import { GET } from '../observing/call-trace.ts'
import type { ServiceEvents } from '../observing/events.ts'
import type { RequestCounters } from '../observing/service-metrics.ts'
import type { ResolvedCallPolicies } from '../options/call-policies.ts'
import type { ResolvedServiceProxyOptions } from '../options/service-proxy-options.ts'
import type { Instance, InstanceLifetimes } from './instance-lifetimes.ts'
import { PendingWork } from './pending-work.ts'
import type { PieceOfWork } from './pending-work.ts'

/** How many loads may be pending at a provider at once. */
const MAX_PENDING_LOADS = 4

/** What it needs of {@link ServiceContext}. */
export interface LoaderContext<T> {
  readonly proxy: { readonly name: string }
  readonly settings: Pick<ResolvedServiceProxyOptions<T>, 'clock' | 'timeoutMs' | 'provider'> & {
    readonly calls: Pick<ResolvedCallPolicies, 'methods'>
  }
  readonly guard: Pick<Guard, 'execute' | 'executeInTime'>
  readonly counters: Pick<RequestCounters, 'worked' | 'abandonedLoad'>
  readonly events: Pick<ServiceEvents, 'emit'>
}

/**
 * Loads a service from its provider and checks its health. A load that has passed its deadline is *pending* until it
 * ends, and blocks others as {@link PendingWork} says. An instance that it brings after its deadline is disposed.
 */
export class ServiceLoader<T> {
  readonly #context: LoaderContext<T>
  readonly #lifetimes: InstanceLifetimes<T>
  /** Created with the first load. */
  #pending: PendingWork<LoadAttempt<T>> | undefined

  /** How many loads brought an instance after their deadline: too late for their callers, but the provider answers. */
  lateAnswers = 0

  constructor(context: LoaderContext<T>, lifetimes: InstanceLifetimes<T>) {
    this.#context = context
    this.#lifetimes = lifetimes
  }

  /** When another load may begin, as {@link Clock.now}, given all loads that are pending after their deadline. */
  get nextLoadAt(): number {
    return this.#pending?.nextAt ?? -Infinity
  }

  /**
   * Begins a load; call it when {@link ServiceLoader.nextLoadAt} has passed.
   * @param candidate an instance to be checked first; it is kept if it is healthy
   * @param trial whether the load is part of a trial, which the circuit has admitted
   */
  load(candidate: Instance<T> | undefined, trial: boolean): Promise<T> {
    const { guard, settings } = this.#context
    const startedAt = settings.clock.now()
    const attempt: LoadAttempt<T> = new LoadAttempt(startedAt, {
      work: (context) => this.#work(attempt, candidate, context),
      onSettled: (end, result, now) => {
        if (end === 'timeout' && attempt.working) this.#abandon(attempt)
        if (end !== 'refused') this.#told(now - startedAt, end === 'fulfilled' ? {} : { error: result })
      },
      onEnded: () => this.#ended(attempt),
    })
    return trial ? guard.executeInTime(attempt) : guard.execute(attempt)
  }

  async #work(attempt: LoadAttempt<T>, candidate: Instance<T> | undefined, context: CallContext): Promise<T> {
    const pending = (this.#pending ??= new PendingWork(MAX_PENDING_LOADS, this.#context.settings.timeoutMs))
    // Several invalidations in a row begin loads side by side, none of them overdue: they take turns.
    while (!pending.begin(attempt)) {
      await pending.turn()
      if (!attempt.answered) continue
      pending.passOn()
      throw this.#tooLate()
    }
    attempt.working = true
    const service = await this.#find(candidate, context, attempt)
    pending.succeeded(attempt)
    if (!attempt.answered) return service
    // Nobody waits for it any more.
    this.#lifetimes.discard(service)
    this.lateAnswers++
    return service
  }

  async #find(candidate: Instance<T> | undefined, context: CallContext, attempt: LoadAttempt<T>): Promise<T> {
    if (candidate !== undefined) {
      const healthy = await this.#isStillHealthy(candidate, context)
      if (healthy) return candidate.service
      if (attempt.answered) throw this.#tooLate()
    }

    const service = await this.#getService(context)
    if (attempt.answered) return service
    const healthy = await this.#isHealthy(service, context)
    if (healthy) return this.#checked(service)
    this.#lifetimes.discard(service)
    throw new ServiceUnavailableError(this.#serviceName, 'it did not pass its health check')
  }

  /** Checks that the service has the methods that `methods` names. */
  #checked(service: T): T {
    try {
      this.#context.settings.calls.methods?.checkOn(service)
      return service
    } catch (error) {
      this.#lifetimes.discard(service)
      throw error
    }
  }

  async #getService(context: CallContext): Promise<T> {
    const serviceName = this.#serviceName
    const { provider } = this.#context.settings
    let service: T
    try {
      service = await entering(context, () => provider.getService(context))
    } catch (error) {
      if (error instanceof ServiceUnavailableError && error.serviceName === serviceName) throw error
      throw new ServiceUnavailableError(serviceName, 'its provider failed', { cause: error })
    }
    if (service !== undefined && service !== null) return service
    throw new ServiceUnavailableError(serviceName, `its provider returned ${String(service)}`)
  }

  /** A check that throws says the same as false. */
  async #isHealthy(service: T, context: CallContext): Promise<boolean> {
    try {
      return await entering(context, () => this.#context.settings.provider.checkHealth(service, context))
    } catch {
      return false
    }
  }

  /** The check may outlast the deadline; the instance must not be disposed until it has ended. */
  async #isStillHealthy(instance: Instance<T>, context: CallContext): Promise<boolean> {
    const lifetimes = this.#lifetimes
    lifetimes.lease(instance)
    try {
      return await this.#isHealthy(instance.service, context)
    } finally {
      lifetimes.release(instance)
    }
  }

  #abandon(attempt: LoadAttempt<T>): void {
    attempt.overdue = true
    this.#context.counters.abandonedLoad(1)
  }

  #ended(attempt: LoadAttempt<T>): void {
    if (attempt.overdue) this.#context.counters.abandonedLoad(-1)
    this.#pending?.ended(attempt)
  }

  #tooLate(): Error {
    return new ServiceUnavailableError(this.#serviceName, 'its load was abandoned')
  }

  #told(durationMs: number, failure: { readonly error?: unknown }): void {
    const { counters, events } = this.#context
    counters.worked(GET, durationMs)
    events.emit({ type: 'load', service: this.#serviceName, durationMs, ...failure })
  }

  get #serviceName(): string {
    return this.#context.proxy.name
  }
}

interface LoadAttemptParts<T> {
  readonly work: (context: CallContext) => Promise<T>
  readonly onSettled: (end: AttemptEnd, result: unknown, now: number) => void
  readonly onEnded: () => void
}

class LoadAttempt<T> implements Attempt<T>, PieceOfWork {
  readonly startedAt: number
  readonly isLoad = true
  readonly #parts: LoadAttemptParts<T>
  /** Whether the provider was called. */
  working = false
  answered = false
  overdue = false

  constructor(startedAt: number, parts: LoadAttemptParts<T>) {
    this.startedAt = startedAt
    this.#parts = parts
  }

  run(context: CallContext): Promise<T> {
    return this.#parts.work(context)
  }

  settled(end: AttemptEnd, result: unknown, now: number): void {
    this.answered = true
    this.#parts.onSettled(end, result, now)
  }

  ended(): void {
    this.#parts.onEnded()
  }
}
