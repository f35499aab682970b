import { tracingChannel } from 'node:diagnostics_channel'
import type { AttemptEnd, Outcome } from '../attempts/attempt.ts'
import type { Clock } from '../clock.ts'
import type { LoadTrace } from './load-trace.ts'
import type { CacheResult, RequestCounters } from './service-metrics.ts'
import { runTraced } from './traced.ts'

/**
 * How a request ended. `ignored`: it says nothing about the service, because `isFailure` denied that its error is a
 * failure, or because the caller aborted.
 */
export type CallOutcome = 'success' | 'failure' | 'timeout' | 'rejected' | 'ignored'

/**
 * What answered a request: the service itself (`origin`, also for a request that nothing answered), a cached instance
 * returned by `get()` (`cache`), a `stale` instance, or a `fallback`.
 */
export type CallSource = 'origin' | 'cache' | 'stale' | 'fallback'

/**
 * The message on the channels of `diagnostics_channel.tracingChannel('svcproxy:call')`: one object for each request to
 * a service, from `start` to `asyncEnd`; `error` comes before `asyncEnd` if the caller got an error. It never contains
 * arguments or results.
 */
export interface CallTrace {
  /** The service's name. */
  readonly service: string
  /** The method of the service; `$get` for `get()`, `$call` for `call()`. */
  readonly method: string
  /**
   * {@link CallTrace.method} as a metric label: the name of a method that was seen to run, for at most 64 methods of a
   * service, then `$other`; `$unknown` for everything else, because a method's name can be user input. Valid from
   * `asyncEnd` on.
   */
  readonly methodLabel: string
  /** The {@link ServiceProxy} itself, to tell services of the same name apart. */
  readonly proxy: object
  /** Undefined before `asyncEnd`. If a fallback answered, this is the outcome that made the fallback necessary. */
  readonly outcome: CallOutcome | undefined
  /** What answered it; `origin` as long as nothing has. */
  readonly source: CallSource
  /** From the request to its answer, in milliseconds; undefined before `asyncEnd`. */
  readonly durationMs: number | undefined
  /** The number of attempts: 1, plus one for each retry. */
  readonly attempts: number
  /**
   * How long it was queued because of `maxConcurrentCalls`, over all its attempts, in milliseconds; undefined if it was
   * not.
   */
  readonly queuedMs?: number | undefined
  /** The error that the caller got; undefined if it got an answer, a fallback's for example. */
  readonly error?: unknown
  /** The load that it waited for; undefined if it did not wait, or nobody subscribes to loads. */
  readonly load?: LoadTrace | undefined
}

/** The method name of a `get()`; the latency of loads is counted under it. */
export const GET = '$get'
/** The method name of a `call()`. */
export const CALL = '$call'

const CALLS = tracingChannel<unknown, CallTrace>('svcproxy:call')
const { start: STARTS, end: ENDS, asyncStart: ASYNC_STARTS, asyncEnd: ASYNC_ENDS, error: ERRORS } = CALLS

/** Whether anybody subscribes. `TracingChannel.hasSubscribers` says the same and takes eight times as long. */
export function isTraced(): boolean {
  return (
    STARTS.hasSubscribers ||
    ASYNC_ENDS.hasSubscribers ||
    ERRORS.hasSubscribers ||
    ENDS.hasSubscribers ||
    ASYNC_STARTS.hasSubscribers
  )
}

/** A request that is traced. */
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

  /** Records where its instance, or its answer, came from. A call on a fresh instance does its work at the origin. */
  found(where: CacheResult | 'fallback'): void {
    if (where === 'hit') this.source = this.method === GET ? 'cache' : 'origin'
    else this.source = where === 'miss' ? 'origin' : where
  }

  /** It was queued for a slot, maybe not for the first time. */
  queued(waitMs: number): void {
    this.queuedMs = (this.queuedMs ?? 0) + waitMs
  }

  settled(end: AttemptEnd, outcome: Outcome): void {
    this.outcome = callOutcome(end, outcome)
  }

  /** Runs the request and publishes its trace. */
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
