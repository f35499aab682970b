import { tracingChannel } from 'node:diagnostics_channel'
import type { AttemptEnd, Outcome } from '../attempts/attempt.ts'
import type { Clock } from '../clock.ts'
import type { LoadTrace } from './load-trace.ts'
import type { CacheResult, RequestCounters } from './service-metrics.ts'
import { runTraced } from './traced.ts'

/**
 * How a request ended. `ignored` says nothing about the service: its error is no failure (`isFailure`), or the caller
 * gave up.
 */
export type CallOutcome = 'success' | 'failure' | 'timeout' | 'rejected' | 'ignored'

/**
 * What answered a request: the service itself (`origin`; also of one that nothing answered), a cached instance handed
 * out by `get()` (`cache`), a `stale` instance, or a `fallback`.
 */
export type CallSource = 'origin' | 'cache' | 'stale' | 'fallback'

/**
 * What the channels of `diagnostics_channel.tracingChannel('svcproxy:call')` carry: one object for each request to a
 * service, from `start` to `asyncEnd`; `error` comes before `asyncEnd` when the caller got an error. Arguments and
 * answers are never in it.
 */
export interface CallTrace {
  /** The service's name. */
  readonly service: string
  /** The method of the service; `$get` for `get()`, `$call` for `call()`. */
  readonly method: string
  /**
   * {@link CallTrace.method} as a label: only of methods that were seen to run, at most 64 of a service, then `$other`;
   * `$unknown` for all else, because a method's name can be a caller's input. Good from `asyncEnd` on.
   */
  readonly methodLabel: string
  /** The {@link ServiceProxy} itself, to tell services of the same name apart. */
  readonly proxy: object
  /** Undefined before `asyncEnd`. A request that a fallback answered keeps the outcome that made it necessary. */
  readonly outcome: CallOutcome | undefined
  /** What answered it; `origin` as long as nothing has. */
  readonly source: CallSource
  /** From the request to its answer, in milliseconds; undefined before `asyncEnd`. */
  readonly durationMs: number | undefined
  /** How many attempts were made at it: 1, and one for each retry. */
  readonly attempts: number
  /** How long it waited for one of `maxConcurrentCalls` to end, with all its attempts, in milliseconds; undefined when it did not have to. */
  readonly queuedMs?: number | undefined
  /** What the caller got; undefined when it got an answer, a fallback's for example. */
  readonly error?: unknown
  /** The load of an instance that it waited for; undefined when it did not have to, or nobody listens to loads. */
  readonly load?: LoadTrace | undefined
}

/** The method of a `get()`; the latency of loads is counted under it. */
export const GET = '$get'
/** The method of a `call()`. */
export const CALL = '$call'

const CALLS = tracingChannel<unknown, CallTrace>('svcproxy:call')
const { start: STARTS, end: ENDS, asyncStart: ASYNC_STARTS, asyncEnd: ASYNC_ENDS, error: ERRORS } = CALLS

/** Whether anybody listens. `TracingChannel.hasSubscribers` says the same and takes eight times as long. */
export function isTraced(): boolean {
  return (
    STARTS.hasSubscribers ||
    ASYNC_ENDS.hasSubscribers ||
    ERRORS.hasSubscribers ||
    ENDS.hasSubscribers ||
    ASYNC_STARTS.hasSubscribers
  )
}

/** One request while it is told of. */
export class TracedCall implements CallTrace {
  readonly service: string
  readonly method: string
  readonly proxy: object
  readonly #counters: RequestCounters
  outcome: CallOutcome | undefined
  source: CallSource = 'origin'
  durationMs: number | undefined
  attempts = 1
  queuedMs?: number | undefined
  error?: unknown
  load?: LoadTrace | undefined

  constructor(proxy: { readonly name: string }, method: string, counters: RequestCounters) {
    this.#counters = counters
    this.service = proxy.name
    this.method = method
    this.proxy = proxy
  }

  get methodLabel(): string {
    const { method } = this
    return method === GET || method === CALL ? method : this.#counters.labelOf(method, this.outcome === 'rejected')
  }

  /** Where its instance, or its answer, came from. A call on a fresh instance does its work at the origin. */
  found(where: CacheResult | 'fallback'): void {
    if (where === 'hit') this.source = this.method === GET ? 'cache' : 'origin'
    else this.source = where === 'miss' ? 'origin' : where
  }

  /** It waited for a place, and may have before. */
  queued(waitMs: number): void {
    this.queuedMs = (this.queuedMs ?? 0) + waitMs
  }

  settled(end: AttemptEnd, outcome: Outcome): void {
    this.outcome = callOutcome(end, outcome)
  }

  /** Runs the request and tells of it. */
  run<R>(clock: Clock, request: () => Promise<R>): Promise<R> {
    return runTraced(CALLS, this, clock, request)
  }
}

function callOutcome(end: AttemptEnd, outcome: Outcome): CallOutcome {
  if (end === 'fulfilled') return 'success'
  if (end === 'refused') return 'rejected'
  if (end === 'timeout') return 'timeout'
  return end === 'aborted' || outcome !== 'failure' ? 'ignored' : 'failure'
}
