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

/** Something that a caller runs on the service. */
export type ServiceOperation<T, R> = (service: T, context: CallContext) => R | PromiseLike<R>

/**
 * Gets the instance for a trial: it checks a suspect instance, or loads another. This is the first part of the trial.
 */
export type Preparation<T> = () => Promise<Instance<T>>

/** How a request ended. */
export type RequestEnd = Omit<FailedAttempt, 'number'>

/** A failed attempt that is followed by another one. */
export interface GoesOn {
  /** How long to wait before the next attempt, in milliseconds. */
  readonly waitMs: number
  readonly failed: FailedAttempt
}

/**
 * One attempt to run something on the service. While it works it holds a lease on its instance and a slot of
 * `maxConcurrentCalls`. Most requests have one attempt; if a request is retried, its last attempt says how the request
 * ended.
 */
export abstract class CallAttempt<T, R> implements Attempt<R>, GivenUpCall {
  /** The caller's signal, if there is one; or the {@link RequestTime} of its request. */
  signal: AbortSource | undefined
  readonly #ledger: CallLedger<T>
  #instance: Instance<T> | undefined
  #running = false
  /** Whether its caller was answered while its work is still running. */
  #abandoned = false
  /** Whether it has given back its slot although its work may still be running. */
  #writtenOff = false
  #end: AttemptEnd | undefined
  #outcome: Outcome = 'failure'
  /** When it was requested, if it then had to wait for its instance. */
  #requestedAt: number | undefined
  /** The fields that are declared exist only on the attempts that need them. This one: its own deadline. */
  declare timeoutMs?: number
  /** Its own `isFailure`, which is used instead of the circuit's. */
  declare isFailure?: (error: unknown) => boolean
  /** How its request is retried, if it may be. */
  declare retry?: ResolvedRetryPolicy
  /** The attempt before it, if it is a retry. */
  declare before?: FailedAttempt
  /** Set when it failed and its request goes on. */
  declare goesOn?: GoesOn
  /** What its caller is told instead of its own error. */
  declare told?: RequestEnd
  /** Whether it waited for a slot and got one. */
  declare placed?: boolean
  /** Only for a trial, which gets its instance when it is run. */
  declare preparation?: Preparation<T>
  /** Written to if anybody subscribes to calls. */
  trace: TracedCall | undefined
  /**
   * When its work could start: at first the time of the request, later the time when the instance was there. The
   * deadline
   * counts from here.
   */
  startedAt: number

  constructor(ledger: CallLedger<T>, signal: AbortSource | undefined) {
    this.signal = signal
    this.startedAt = ledger.context.settings.clock.now()
    this.#ledger = ledger
  }

  /** The method name for metrics. */
  abstract get method(): string

  /** Whether its work has started: it did not have to wait for its instance. */
  get hasBegun(): boolean {
    return this.#running
  }

  /** Does the caller's work, on the service or on a substitute for it. */
  abstract work(service: T, context: CallContext): R | PromiseLike<R>

  /** The error for a caller that asks for something that `service` does not have; undefined if it has it. */
  abstract misuseOf(service: T): TypeError | undefined

  /** A new attempt at the same work for the same caller. */
  protected abstract repeated(ledger: CallLedger<T>): CallAttempt<T, R>

  get serviceName(): string {
    return this.#ledger.context.proxy.name
  }

  /** Sets the instance to work on. The attempt releases the lease on it. */
  use(instance: Instance<T>): void {
    this.#instance = instance
    // The result may be in use after the call has ended: a client checked out of a pool.
    instance.exposed = true
    if (this.placed !== true) this.#ledger.runningCalls++
  }

  /** The same for an instance that it had to wait for. */
  useLate(instance: Instance<T>): void {
    this.#startsNow()
    this.use(instance)
  }

  /** It has waited for a slot: it has one now, or has to start over. */
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
    // A misuse is not a failure of the service, with or without a circuit.
    this.#outcome = end === 'refused' ? 'ignored' : outcome
    if (this.retry !== undefined) this.#counted(this.#outcome, end, now)
    if (this.retry === undefined || (outcome !== 'failure' && end !== 'refused'))
      this.#answer(end, outcome, now, result)
    else this.#answerOrGoOn(this.retry, { end, outcome, error: result, number: (this.before?.number ?? 0) + 1 }, now)
    if (!this.#running) this.letGo()
    else if (end !== 'refused') this.#worked(end, result, now)
  }

  /** Ends its request, which was going to be retried. */
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
      // The caller gets the error of the service, not the news that the retry was rejected.
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

  /** The first attempt adds to the retry budget if it reached the service. For a retry, its outcome is counted. */
  #counted(outcome: Outcome, end: AttemptEnd, now: number): void {
    const { context, retries } = this.#ledger
    if (this.before === undefined) {
      if (this.#running) retries?.asked(now)
    } else if (end === 'refused') context.counters.retried('denied')
    else context.counters.retried(outcome === 'success' ? 'success' : 'failure')
  }

  /** The next attempt of its request. Call it when {@link CallAttempt.goesOn} is set. */
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

  /** Rejects it without asking the circuit. */
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

  /** A fallback is for a failing service: not for the caller's own abort, and not for errors that are no failures. */
  mayFallBack(error: unknown): boolean {
    return this.#end !== 'aborted' && (this.#outcome === 'failure' || isSvcproxyError(error))
  }

  /** Turns a fallback that returns a substitute for the service into one that does the work on it. */
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

  /** If a trial ended before its work began, the error says how. */
  #endOfRejected(error: unknown): AttemptEnd {
    if (isMisuseOf(this.serviceName, error)) return 'refused'
    return this.#running ? 'rejected' : endWithout(error, this.signal)
  }

  /** Releases its instance and its slot, if it has them. */
  letGo(): void {
    const instance = this.#instance
    if (instance === undefined && this.placed !== true) return
    if (!this.#writtenOff) this.#ledger.placeLeft()
    if (this.placed === true) this.placed = false
    if (instance !== undefined) this.#ledger.lifetimes.release(instance)
    this.#instance = undefined
  }
}

/** A call of a function that the caller passes in. */
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

/** How a request ended that got no instance. */
export function endWithout(error: unknown, signal: AbortSource | undefined): AttemptEnd {
  if (signal?.aborted === true && error === signal.reason) return endBy(signal)
  if (isRefusal(error)) return 'refused'
  return error instanceof ServiceTimeoutError ? 'timeout' : 'rejected'
}
