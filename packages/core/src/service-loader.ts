import type { Attempt, AttemptEnd, CallContext } from './attempt.ts'
import { ServiceUnavailableError } from './errors.ts'
import type { Clock } from './clock.ts'
import type { Instance, InstanceLifetimes } from './instance-lifetimes.ts'
import type { ServiceProvider } from './service-provider.ts'

/** How long a load that overran its deadline and is still pending keeps others from starting, in milliseconds. */
export const ABANDONED_LOAD_MS = 30_000

export interface ServiceLoaderOptions<T> {
  /** For errors. */
  readonly serviceName: string
  readonly provider: ServiceProvider<T>
  readonly clock: Clock
  readonly lifetimes: InstanceLifetimes<T>
  /** Runs an attempt under the deadline, and the circuit if there is one. */
  execute<R>(attempt: Attempt<R>): Promise<R>
  /** Told how each attempt that was made ended; `failure` is empty when it brought an instance. */
  onLoaded(durationMs: number, failure: { readonly error?: unknown }): void
}

/**
 * Gets a service from its provider and makes sure that it is well. A load that overran its deadline cannot be stopped,
 * only told to: as long as it is pending no other is started, so a provider that hangs does not pile up connections;
 * except for a trial of the circuit, and when {@link ABANDONED_LOAD_MS} have passed, so that a load which never settles
 * does not keep the service away for ever. What an abandoned load still brings is disposed.
 */
export class ServiceLoader<T> {
  readonly #options: ServiceLoaderOptions<T>
  /** Overran their deadlines, are still pending and not yet written off. */
  #abandoned: Set<LoadAttempt<T>> | undefined

  constructor(options: ServiceLoaderOptions<T>) {
    this.#options = options
  }

  /** @param suspect an instance to be checked first; it is kept if it is well */
  load(suspect: Instance<T> | undefined, trial: boolean): Promise<T> {
    const startedAt = this.#options.clock.now()
    const blocked = !trial && this.#isPending(startedAt)
    const attempt: LoadAttempt<T> = new LoadAttempt(startedAt, {
      work: (context) => (blocked ? this.#stillPending() : this.#find(suspect, context, attempt)),
      onSettled: (end, result, now) => {
        if (end === 'timeout') this.#abandon(attempt)
        if (end !== 'refused') this.#options.onLoaded(now - startedAt, end === 'fulfilled' ? {} : { error: result })
      },
      onEnded: () => this.#abandoned?.delete(attempt),
    })
    return this.#options.execute(attempt)
  }

  #abandon(attempt: LoadAttempt<T>): void {
    this.#abandoned ??= new Set()
    this.#abandoned.add(attempt)
  }

  /** Whether a load that overran its deadline keeps others from starting. */
  #isPending(now: number): boolean {
    if (this.#abandoned === undefined) return false
    for (const attempt of this.#abandoned) {
      if (now >= attempt.answeredAt + ABANDONED_LOAD_MS) this.#abandoned.delete(attempt)
    }
    return this.#abandoned.size > 0
  }

  async #find(suspect: Instance<T> | undefined, context: CallContext, attempt: LoadAttempt<T>): Promise<T> {
    const { serviceName, lifetimes } = this.#options
    if (suspect !== undefined) {
      const healthy = await this.#isStillHealthy(suspect, context)
      if (healthy || attempt.answered) return suspect.service
    }

    const service = await this.#getService(context)
    if (attempt.answered) return this.#tooLate(service)

    const healthy = await this.#isHealthy(service, context)
    if (attempt.answered) return this.#tooLate(service)
    if (healthy) return service
    lifetimes.discard(service)
    throw new ServiceUnavailableError(serviceName, 'it did not pass its health check')
  }

  async #getService(context: CallContext): Promise<T> {
    const { serviceName, provider } = this.#options
    let service: T
    try {
      service = await provider.getService(context)
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
      return await this.#options.provider.checkHealth(service, context)
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

  async #stillPending(): Promise<never> {
    throw new ServiceUnavailableError(this.#options.serviceName, 'a load that overran its deadline is still pending')
  }

  /** Nobody waits for it any more. */
  #tooLate(service: T): T {
    this.#options.lifetimes.discard(service)
    return service
  }
}

interface LoadAttemptParts<T> {
  readonly work: (context: CallContext) => Promise<T>
  readonly onSettled: (end: AttemptEnd, result: unknown, now: number) => void
  readonly onEnded: () => void
}

class LoadAttempt<T> implements Attempt<T> {
  readonly startedAt: number
  readonly #parts: LoadAttemptParts<T>
  answered = false
  answeredAt = 0

  constructor(startedAt: number, parts: LoadAttemptParts<T>) {
    this.startedAt = startedAt
    this.#parts = parts
  }

  run(context: CallContext): Promise<T> {
    return this.#parts.work(context)
  }

  settled(end: AttemptEnd, result: unknown, now: number): void {
    this.answered = true
    this.answeredAt = now
    this.#parts.onSettled(end, result, now)
  }

  ended(): void {
    this.#parts.onEnded()
  }
}
