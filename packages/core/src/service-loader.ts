import type { Attempt, AttemptEnd, CallContext } from './attempt.ts'
import { entering } from './call-signal.ts'
import type { Clock } from './clock.ts'
import { ServiceUnavailableError } from './errors.ts'
import type { Instance, InstanceLifetimes } from './instance-lifetimes.ts'
import { PendingWork } from './pending-work.ts'
import type { PieceOfWork } from './pending-work.ts'
import type { ServiceProvider } from './service-provider.ts'

/** How many loads may be pending at a provider at once. */
const MAX_PENDING_LOADS = 4

export interface ServiceLoaderOptions<T> {
  /** For errors. */
  readonly serviceName: string
  readonly provider: ServiceProvider<T>
  readonly clock: Clock
  /** The deadline of each load, in milliseconds. */
  readonly timeoutMs: number
  readonly lifetimes: InstanceLifetimes<T>
  /** Runs a load under its deadline, and through the circuit unless it is part of a trial that was admitted already. */
  executeLoad(attempt: Attempt<T>, trial: boolean): Promise<T>
  /** Told how each attempt that was made ended; `failure` is empty when it brought an instance. */
  onLoaded(durationMs: number, failure: { readonly error?: unknown }): void
  /** Told when a load is given up at its deadline (1), and when it has ended after all (-1). */
  onAbandoned(change: 1 | -1): void
  /** Told when a load brings an instance after its deadline: too late for its callers, but the provider answers. */
  onLateAnswer(): void
}

/**
 * Gets a service from its provider and makes sure that it is well. A load that overran its deadline is *pending* until it
 * ends, and holds others back as {@link PendingWork} says. What it brings after its deadline is disposed.
 */
export class ServiceLoader<T> {
  readonly #options: ServiceLoaderOptions<T>
  /** Made with the first load. */
  #pending: PendingWork<LoadAttempt<T>> | undefined

  constructor(options: ServiceLoaderOptions<T>) {
    this.#options = options
  }

  /** When another load may begin, {@link Clock.now}, for all that is pending beyond its deadline. */
  get nextLoadAt(): number {
    return this.#pending?.nextAt ?? -Infinity
  }

  /**
   * Begins a load; {@link ServiceLoader.nextLoadAt} has passed.
   * @param candidate an instance to be checked first; it is kept if it is well
   * @param trial the load is part of a trial, which the circuit has admitted
   */
  load(candidate: Instance<T> | undefined, trial: boolean): Promise<T> {
    const startedAt = this.#options.clock.now()
    const attempt: LoadAttempt<T> = new LoadAttempt(startedAt, {
      work: (context) => this.#work(attempt, candidate, context),
      onSettled: (end, result, now) => {
        if (end === 'timeout' && attempt.working) this.#abandon(attempt)
        if (end !== 'refused') this.#options.onLoaded(now - startedAt, end === 'fulfilled' ? {} : { error: result })
      },
      onEnded: () => this.#ended(attempt),
    })
    return this.#options.executeLoad(attempt, trial)
  }

  async #work(attempt: LoadAttempt<T>, candidate: Instance<T> | undefined, context: CallContext): Promise<T> {
    const pending = (this.#pending ??= new PendingWork(MAX_PENDING_LOADS, this.#options.timeoutMs))
    // Invalidations in a row begin loads side by side, none of them overdue: they take turns.
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
    this.#options.lifetimes.discard(service)
    this.#options.onLateAnswer()
    return service
  }

  async #find(candidate: Instance<T> | undefined, context: CallContext, attempt: LoadAttempt<T>): Promise<T> {
    const { serviceName, lifetimes } = this.#options
    if (candidate !== undefined) {
      const healthy = await this.#isStillHealthy(candidate, context)
      if (healthy) return candidate.service
      if (attempt.answered) throw this.#tooLate()
    }

    const service = await this.#getService(context)
    if (attempt.answered) return service
    const healthy = await this.#isHealthy(service, context)
    if (healthy) return service
    lifetimes.discard(service)
    throw new ServiceUnavailableError(serviceName, 'it did not pass its health check')
  }

  async #getService(context: CallContext): Promise<T> {
    const { serviceName, provider } = this.#options
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

  /** Throwing says the same as false. */
  async #isHealthy(service: T, context: CallContext): Promise<boolean> {
    try {
      return await entering(context, () => this.#options.provider.checkHealth(service, context))
    } catch {
      return false
    }
  }

  /** The check may outlast the deadline; until it has ended nobody may dispose what it is about. */
  async #isStillHealthy(instance: Instance<T>, context: CallContext): Promise<boolean> {
    const { lifetimes } = this.#options
    lifetimes.lease(instance)
    try {
      return await this.#isHealthy(instance.service, context)
    } finally {
      lifetimes.release(instance)
    }
  }

  #abandon(attempt: LoadAttempt<T>): void {
    attempt.overdue = true
    this.#options.onAbandoned(1)
  }

  #ended(attempt: LoadAttempt<T>): void {
    if (attempt.overdue) this.#options.onAbandoned(-1)
    this.#pending?.ended(attempt)
  }

  #tooLate(): Error {
    return new ServiceUnavailableError(this.#options.serviceName, 'its load was given up')
  }
}

interface LoadAttemptParts<T> {
  readonly work: (context: CallContext) => Promise<T>
  readonly onSettled: (end: AttemptEnd, result: unknown, now: number) => void
  readonly onEnded: () => void
}

class LoadAttempt<T> implements Attempt<T>, PieceOfWork {
  readonly startedAt: number
  readonly #parts: LoadAttemptParts<T>
  /** The provider was asked. */
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
