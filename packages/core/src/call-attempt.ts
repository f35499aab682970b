import type { AbortSource } from './abort-source.ts'
import type { Attempt, AttemptEnd, CallContext, Outcome } from './attempt.ts'
import { CALL } from './call-trace.ts'
import type { TracedCall } from './call-trace.ts'
import { isRefusal, isSvcproxyError, ServiceTimeoutError } from './errors.ts'
import type { Instance, InstanceLifetimes } from './instance-lifetimes.ts'
import type { Clock } from './clock.ts'
import type { RequestCounters } from './metrics/service-metrics.ts'

/** What a caller wants done with the service. */
export type ServiceOperation<T, R> = (service: T, context: CallContext) => R | PromiseLike<R>

/** What all calls of a proxy report to. */
export interface CallLedger<T> {
  readonly clock: Clock
  readonly counters: RequestCounters
  readonly lifetimes: InstanceLifetimes<T>
  /** Calls whose work has not ended, also those whose callers were answered at the deadline. */
  runningCalls: number
}

/** One request to run something on the service: counted once, holding a lease on its instance while it works. */
export abstract class CallAttempt<T, R> implements Attempt<R> {
  readonly signal: AbortSource | undefined
  readonly #ledger: CallLedger<T>
  #instance: Instance<T> | undefined
  #running = false
  #end: AttemptEnd | undefined
  #outcome: Outcome = 'failure'
  /** When it was asked for, if it then had to wait for its instance. */
  #requestedAt: number | undefined
  /** Written to if somebody listens to calls. */
  trace: TracedCall | undefined
  /** When the instance was there and the work could start, at first when it was asked for: the deadline counts from here. */
  startedAt: number

  constructor(ledger: CallLedger<T>, signal: AbortSource | undefined) {
    this.signal = signal
    this.startedAt = ledger.clock.now()
    this.#ledger = ledger
    ledger.counters.begin()
  }

  /** What it is counted under. */
  abstract get method(): string

  /** Does what the caller wants, with the service or with a substitute for it. */
  abstract work(service: T, context: CallContext): R | PromiseLike<R>

  /** False when it is to call a method that `service` does not have. */
  abstract isPossibleOn(service: T): boolean

  /** Gives it the instance to work on; the lease on it is its to release. */
  use(instance: Instance<T>): void {
    this.#instance = instance
    this.#ledger.runningCalls++
  }

  /** The same, for an instance it had to wait for. */
  useLate(instance: Instance<T>): void {
    this.#requestedAt = this.startedAt
    this.startedAt = this.#ledger.clock.now()
    this.use(instance)
  }

  run(context: CallContext): R | PromiseLike<R> {
    const instance = this.#instance
    if (instance === undefined) throw new TypeError('A call ran before it had an instance')
    this.#running = true
    return this.work(instance.service, context)
  }

  settled(end: AttemptEnd, result: unknown, now: number, outcome: Outcome): void {
    this.#end = end
    this.#outcome = outcome
    this.trace?.settled(end, outcome)
    const { counters } = this.#ledger
    counters.settle(end, outcome, now, result)
    if (this.#running) counters.worked(this.method, now - (this.#requestedAt ?? this.startedAt))
    else this.#letGo()
  }

  ended(): void {
    this.#letGo()
  }

  /** There was no instance to work on. */
  unavailable(error: unknown, now: number): void {
    this.settled(endWithout(error, this.signal), error, now, 'failure')
  }

  /** A fallback is for a service that is unwell: not for the caller's own abort, and not for what `isFailure` denies. */
  mayFallBack(error: unknown): boolean {
    return this.#end !== 'aborted' && (this.#outcome !== 'ignored' || isSvcproxyError(error))
  }

  #letGo(): void {
    if (this.#instance === undefined) return
    this.#ledger.runningCalls--
    this.#ledger.lifetimes.release(this.#instance)
    this.#instance = undefined
  }
}

/** A call with a function of the caller's. */
export class OperationCall<T, R> extends CallAttempt<T, R> {
  readonly #operation: ServiceOperation<T, R>

  constructor(ledger: CallLedger<T>, signal: AbortSource | undefined, operation: ServiceOperation<T, R>) {
    super(ledger, signal)
    this.#operation = operation
  }

  override get method(): string {
    return CALL
  }

  override work(service: T, context: CallContext): R | PromiseLike<R> {
    const operation = this.#operation
    return operation(service, context)
  }

  override isPossibleOn(): boolean {
    return true
  }
}

/** How a request ended for which no instance could be had. */
export function endWithout(error: unknown, signal: AbortSource | undefined): AttemptEnd {
  if (signal?.aborted === true && error === signal.reason) return 'aborted'
  if (isRefusal(error)) return 'refused'
  return error instanceof ServiceTimeoutError ? 'timeout' : 'rejected'
}
