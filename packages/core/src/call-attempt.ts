import type { Attempt, AttemptEnd, CallContext, Outcome } from './attempt.ts'
import { isRefusal, isSvcproxyError, ServiceTimeoutError } from './errors.ts'
import { hasMethod } from './guarded-service.ts'
import type { Instance, InstanceLifetimes } from './instance-lifetimes.ts'
import type { RequestCounters } from './metrics/service-metrics.ts'

/** What a caller wants done with the service. */
export type ServiceOperation<T, R> = (service: T, context: CallContext) => R | PromiseLike<R>

/** What all calls of a proxy report to. */
export interface CallLedger<T> {
  readonly counters: RequestCounters
  readonly lifetimes: InstanceLifetimes<T>
  /** Calls whose work has not ended, also those whose callers were answered at the deadline. */
  runningCalls: number
}

/** What a caller asked for. */
export interface CallRequest<T, R> {
  readonly operation: ServiceOperation<T, R>
  /** The method called through the facade; undefined for a call with a function. */
  readonly method: string | symbol | undefined
  readonly requestedAt: number
  readonly signal: AbortSignal | undefined
}

/** The name under which calls with a function are counted. */
const CALL = '$call'

/** One request to run an operation on the service: counted once, holding a lease on its instance while it works. */
export class CallAttempt<T, R> implements Attempt<R> {
  readonly #ledger: CallLedger<T>
  readonly #request: CallRequest<T, R>
  #instance: Instance<T> | undefined
  #running = false
  #end: AttemptEnd | undefined
  #outcome: Outcome = 'failure'
  /** When the instance was there and the work could start: the deadline counts from here. */
  startedAt: number

  constructor(ledger: CallLedger<T>, request: CallRequest<T, R>) {
    this.#ledger = ledger
    this.#request = request
    this.startedAt = request.requestedAt
    ledger.counters.begin()
  }

  /** What it is counted under. */
  get method(): string {
    const { method } = this.#request
    return method === undefined ? CALL : String(method)
  }

  get signal(): AbortSignal | undefined {
    return this.#request.signal
  }

  /** Gives it the instance to work on; the lease on it is its to release. */
  use(instance: Instance<T>, now: number): void {
    this.#instance = instance
    this.startedAt = now
    this.#ledger.runningCalls++
  }

  run(context: CallContext): R | PromiseLike<R> {
    const instance = this.#instance
    if (instance === undefined) throw new TypeError('A call ran before it had an instance')
    this.#running = true
    return this.#request.operation(instance.service, context)
  }

  settled(end: AttemptEnd, _result: unknown, now: number, outcome: Outcome): void {
    this.#end = end
    this.#outcome = outcome
    this.#ledger.counters.settle(end, outcome, now)
    if (this.#running) this.#ledger.counters.worked(this.method, now - this.#request.requestedAt)
    else this.#letGo()
  }

  ended(): void {
    this.#letGo()
  }

  /** False when it is to call a method that the service does not have. */
  get isPossible(): boolean {
    const { method } = this.#request
    return method === undefined || hasMethod(this.#instance?.service, method)
  }

  /** There was no instance to work on. */
  unavailable(error: unknown, now: number): void {
    this.settled(endWithout(error, this.#request.signal), error, now, 'failure')
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

/** How a request ended for which no instance could be had. */
export function endWithout(error: unknown, signal: AbortSignal | undefined): AttemptEnd {
  if (signal?.aborted === true && error === signal.reason) return 'aborted'
  if (isRefusal(error)) return 'refused'
  return error instanceof ServiceTimeoutError ? 'timeout' : 'rejected'
}
