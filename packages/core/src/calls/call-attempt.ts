import { endBy } from '../attempts/abort-source.ts'
import type { AbortSource } from '../attempts/abort-source.ts'
import type { Attempt, AttemptContext, AttemptEnd, CallContext, Outcome } from '../attempts/attempt.ts'
import type { CallLedger, GivenUpCall } from './call-ledger.ts'
import { isReadLater } from '../instances/being-read.ts'
import { entering } from '../attempts/call-signal.ts'
import { CALL } from '../observing/call-trace.ts'
import type { TracedCall } from '../observing/call-trace.ts'
import { isMisuseOf, isRefusal, isSvcproxyError, ServiceTimeoutError } from '../errors.ts'
import type { Fallback } from '../options/service-proxy-options.ts'
import type { ResolvedRetryPolicy } from '../options/retry-policy.ts'
import type { Instance } from '../instances/instance-lifetimes.ts'
import { RequestTime } from './request-time.ts'
import type { FailedAttempt } from './retries.ts'

/** What a caller wants done with the service. */
export type ServiceOperation<T, R> = (service: T, context: CallContext) => R | PromiseLike<R>

/** Gets the instance for a trial: the check of a suspect one, or the load of another, is the first part of it. */
export type Preparation<T> = () => Promise<Instance<T>>

/** How a request ended. */
export type RequestEnd = Omit<FailedAttempt, 'number'>

/** That an attempt failed and another one follows. */
export interface GoesOn {
  /** After so many milliseconds. */
  readonly waitMs: number
  readonly failed: FailedAttempt
}

/**
 * One attempt to run something on the service, holding a lease on its instance and a place while it works. Most requests
 * have one; of those that are tried again, the last attempt says how the request ended.
 */
export abstract class CallAttempt<T, R> implements Attempt<R>, GivenUpCall {
  /** The caller's, if it gave one; or the {@link RequestTime} of its request. */
  signal: AbortSource | undefined
  readonly #ledger: CallLedger<T>
  #instance: Instance<T> | undefined
  #running = false
  /** Its caller was answered, and its work still runs. */
  #abandoned = false
  /** It holds no place any more, though its work still runs. */
  #writtenOff = false
  #end: AttemptEnd | undefined
  #outcome: Outcome = 'failure'
  /** When it was asked for, if it then had to wait for its instance. */
  #requestedAt: number | undefined
  /** Where it is not the service's; no field of the others. */
  declare timeoutMs?: number
  /** Where it is not the circuit that judges; no field of the others. */
  declare isFailure?: (error: unknown) => boolean
  /** Where its request may be tried again; no field of the others. */
  declare retry?: ResolvedRetryPolicy
  /** The attempt before it, of one that is made again; no field of the others. */
  declare before?: FailedAttempt
  /** That it failed and its request goes on; no field of the others. */
  declare goesOn?: GoesOn
  /** What its caller is told in place of its own error; no field of the others. */
  declare told?: RequestEnd
  /** It waited for a place and was given it; no field of the others. */
  declare placed?: boolean
  /** Of a trial, which gets its instance when it is run; no field of the others. */
  declare preparation?: Preparation<T>
  /** Written to if somebody listens to calls. */
  trace: TracedCall | undefined
  /** When the instance was there and the work could start, at first when it was asked for: the deadline counts from here. */
  startedAt: number

  constructor(ledger: CallLedger<T>, signal: AbortSource | undefined) {
    this.signal = signal
    this.startedAt = ledger.context.settings.clock.now()
    this.#ledger = ledger
  }

  /** What it is counted under. */
  abstract get method(): string

  /** Whether it works, or has worked: it did not have to wait for its instance. */
  get hasBegun(): boolean {
    return this.#running
  }

  /** Does what the caller wants, with the service or with a substitute for it. */
  abstract work(service: T, context: CallContext): R | PromiseLike<R>

  /** What its caller has to be told, when `service` does not have what it is to do with it. */
  abstract misuseOf(service: T): TypeError | undefined

  /** Another one that does the same for the same caller. */
  protected abstract repeated(ledger: CallLedger<T>): CallAttempt<T, R>

  get serviceName(): string {
    return this.#ledger.context.proxy.name
  }

  /** Gives it the instance to work on; the lease on it is its to release. */
  use(instance: Instance<T>): void {
    this.#instance = instance
    // What it returns may be in use beyond its end: a client checked out of a pool.
    instance.exposed = true
    if (this.placed !== true) this.#ledger.runningCalls++
  }

  /** The same, for an instance it had to wait for. */
  useLate(instance: Instance<T>): void {
    this.#startsNow()
    this.use(instance)
  }

  /** It has waited for a place, and has it now or is to start over. */
  waited(hasPlace: boolean): void {
    this.#startsNow()
    if (hasPlace) this.placed = true
  }

  #startsNow(): void {
    this.#requestedAt ??= this.startedAt
    this.startedAt = this.#ledger.context.settings.clock.now()
  }

  run(context: AttemptContext): R | PromiseLike<R> {
    if (this.#instance !== undefined) {
      this.#running = true
      return this.work(this.#instance.service, context)
    }
    if (this.preparation !== undefined) return this.#prepareAndRun(this.preparation, context)
    throw new TypeError('A call ran before it had an instance')
  }

  settled(reported: AttemptEnd, result: unknown, now: number, outcome: Outcome): void {
    const end = reported === 'rejected' ? this.#endOfRejected(result) : reported
    this.#end = end
    // A misuse is no failure of the service, with a circuit or without.
    this.#outcome = end === 'refused' ? 'ignored' : outcome
    if (this.retry !== undefined) this.#counted(this.#outcome, end, now)
    if (this.retry === undefined || (outcome !== 'failure' && end !== 'refused'))
      this.#answer(end, outcome, now, result)
    else this.#answerOrGoOn(this.retry, { end, outcome, error: result, number: (this.before?.number ?? 0) + 1 }, now)
    if (!this.#running) this.letGo()
    else if (end !== 'refused') this.#worked(end, result, now)
  }

  /** Its request, which was to go on, ends all the same. */
  endRequest(end: RequestEnd, now: number): void {
    this.told = end
    this.#end = end.end
    this.#outcome = end.outcome
    this.#answer(end.end, end.outcome, now, end.error)
  }

  #answer(end: AttemptEnd, outcome: Outcome, now: number, result: unknown): void {
    this.trace?.settled(end, outcome)
    this.#ledger.context.counters.settle(end, outcome, now, result)
    if (this.signal instanceof RequestTime) this.signal.end()
  }

  #answerOrGoOn(retry: ResolvedRetryPolicy, settled: FailedAttempt, now: number): void {
    const { end, outcome, error } = settled
    if (this.before !== undefined && end === 'refused') {
      // What the caller is told is what the service said, not that it was not asked again.
      if (this.trace !== undefined) this.trace.attempts--
      this.endRequest(this.before, now)
      return
    }
    const { method, signal } = this
    const attempt = { retry, method, signal, hasBegun: this.#running }
    const waitMs = this.#ledger.retries?.waitAfter(attempt, settled, now)
    if (waitMs === undefined) this.#answer(end, outcome, now, error)
    else this.goesOn = { waitMs, failed: settled }
  }

  /** The first attempt adds to the budget, if the service was asked; of a retry it is counted what became of it. */
  #counted(outcome: Outcome, end: AttemptEnd, now: number): void {
    const { context, retries } = this.#ledger
    if (this.before === undefined) {
      if (this.#running) retries?.asked(now)
    } else if (end === 'refused') context.counters.retried('denied')
    else context.counters.retried(outcome === 'success' ? 'success' : 'failure')
  }

  /** The next attempt of its request; to be made when {@link CallAttempt.goesOn} says so. */
  again(): CallAttempt<T, R> {
    const next = this.repeated(this.#ledger)
    next.signal = this.signal
    next.trace = this.trace
    if (this.timeoutMs !== undefined) next.timeoutMs = this.timeoutMs
    if (this.retry !== undefined) next.retry = this.retry
    if (this.goesOn !== undefined) next.before = this.goesOn.failed
    if (this.trace !== undefined) this.trace.attempts++
    return next
  }

  #worked(end: AttemptEnd, result: unknown, now: number): void {
    const ledger = this.#ledger
    ledger.context.counters.worked(this.method, now - (this.#requestedAt ?? this.startedAt))
    if (this.#outcome === 'success') ledger.succeeded(this.startedAt)
    if (end === 'fulfilled') {
      if (isReadLater(result) && this.#instance?.owned === true) ledger.lifetimes.holdWhileRead(this.#instance, result)
    } else if (end !== 'rejected') {
      this.#abandon(now)
    }
  }

  ended(): void {
    if (this.#abandoned) {
      this.#ledger.context.counters.abandonedCall(-1)
      this.#ledger.forget(this)
    }
    this.letGo()
  }

  /** It was not admitted to the circuit at all. */
  refuse(error: Error): Promise<never> {
    this.settled('refused', error, this.startedAt, 'ignored')
    return Promise.reject(error)
  }

  /** There was no instance to work on. */
  unavailable(error: unknown, now: number): void {
    this.settled(endWithout(error, this.signal), error, now, 'failure')
  }

  writeOff(): void {
    this.#writtenOff = true
    this.#ledger.placeLeft()
  }

  /** A fallback is for a service that is unwell: not for the caller's own abort, and not for what `isFailure` denies. */
  mayFallBack(error: unknown): boolean {
    return this.#end !== 'aborted' && (this.#outcome === 'failure' || isSvcproxyError(error))
  }

  /** A fallback that gives a substitute for the service: the work is done on that. */
  onSubstitute(fallback: Fallback<T>): Fallback<R> {
    return async (error, context) => {
      const substitute = await fallback(error, context)
      this.#check(substitute)
      return entering(context, () => this.work(substitute, context))
    }
  }

  async #prepareAndRun(prepare: Preparation<T>, context: AttemptContext): Promise<R> {
    const instance = await prepare()
    if (this.#end !== undefined) {
      this.#ledger.lifetimes.release(instance)
      throw new TypeError('A call got its instance when its caller had been answered')
    }
    this.useLate(instance)
    context.restartDeadline()
    this.#check(instance.service)
    this.#running = true
    return entering(context, () => this.work(instance.service, context))
  }

  #abandon(now: number): void {
    this.#abandoned = true
    this.#ledger.context.counters.abandonedCall(1)
    this.#ledger.giveUp(this, now)
  }

  #check(service: T): void {
    const misuse = this.misuseOf(service)
    if (misuse !== undefined) throw misuse
  }

  /** Of a trial that did not come to its work, the error says how it ended. */
  #endOfRejected(error: unknown): AttemptEnd {
    if (isMisuseOf(this.serviceName, error)) return 'refused'
    return this.#running ? 'rejected' : endWithout(error, this.signal)
  }

  /** Gives back its instance and its place, if it has them. */
  letGo(): void {
    const instance = this.#instance
    if (instance === undefined && this.placed !== true) return
    if (!this.#writtenOff) this.#ledger.placeLeft()
    if (this.placed === true) this.placed = false
    if (instance !== undefined) this.#ledger.lifetimes.release(instance)
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

  override misuseOf(): undefined {
    return undefined
  }

  protected override repeated(ledger: CallLedger<T>): OperationCall<T, R> {
    return new OperationCall(ledger, this.signal, this.#operation)
  }
}

/** How a request ended for which no instance could be had. */
export function endWithout(error: unknown, signal: AbortSource | undefined): AttemptEnd {
  if (signal?.aborted === true && error === signal.reason) return endBy(signal)
  if (isRefusal(error)) return 'refused'
  return error instanceof ServiceTimeoutError ? 'timeout' : 'rejected'
}
