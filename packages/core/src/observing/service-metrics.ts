import type { AttemptEnd, Outcome } from '../attempts/attempt.ts'
import type { CircuitState } from '../circuit/state-machine.ts'
import { wallTimeOf } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { CapacityError, CircuitOpenError, StoppedError } from '../errors.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import type { LatencySummary } from './latency-histogram.ts'

/**
 * Why a request was rejected: the circuit was `open` (or half-open with its trials in flight) or `isolated`; the
 * `capacity` was reached; the proxy was `stopped`; or the caller asked for something that the facade cannot give, such
 * as a missing method, a builder or a client of a pool (`misuse`).
 */
export type RejectionReason = 'open' | 'isolated' | 'capacity' | 'stopped' | 'misuse'

/**
 * The outcome of a retry: the service answered (`success`) or did not (`failure`); or the retry was not made
 * (`denied`), because the budget was used up, or because the circuit or the capacity rejected it after the wait.
 */
export type RetryOutcome = 'success' | 'failure' | 'denied'

/**
 * What a proxy has counted since it was created. Requests are what callers asked for, whether or not they reached the
 * service. Always, `totalRequests = successfulRequests + failedRequests + rejectedRequests + inFlight`.
 */
export interface RequestCounts {
  /** All requests. */
  readonly totalRequests: number
  /** The service answered. A cached instance counts, and so does an error for which `isFailure` returns false. */
  readonly successfulRequests: number
  /** The service failed, the deadline passed, or the caller aborted. A fallback that answered does not change that. */
  readonly failedRequests: number
  /** Rejected before anything was sent; `rejections` has the reasons. */
  readonly rejectedRequests: number
  /** Requests that are not answered yet. */
  readonly inFlight: number
  /** Failed requests whose deadline passed. */
  readonly timedOutRequests: number
  /** Failed requests that their caller aborted. */
  readonly abortedRequests: number
  /** Requests that a fallback answered. */
  readonly fallbacks: number
  /** Requests that were served a stale instance. */
  readonly staleServed: number
  /** Requests that found a fresh instance. */
  readonly cacheHits: number
  /** Requests that had to wait for a load. */
  readonly cacheMisses: number
  /** How often the cached instance was invalidated. */
  readonly invalidations: number
  /**
   * Calls whose callers were answered (timeout or abort) while the work is still running: the number now, not a total.
   */
  readonly abandonedCalls: number
  /** Loads that have passed their deadline and are still pending: the number now, not a total. */
  readonly abandonedLoads: number
  /** The rejected requests by reason. */
  readonly rejections: Readonly<Record<RejectionReason, number>>
  /** Retries by outcome. However often a request is retried, it counts as one request. */
  readonly retries: Readonly<Record<RetryOutcome, number>>
  /** Calls that are queued because of `maxConcurrentCalls`: the number now, not a total. */
  readonly queuedCalls: number
  /** How often the circuit entered each state. */
  readonly circuitTransitions: Readonly<Record<CircuitState, number>>
}

/** The counts and latencies of a proxy since it was created. */
export interface ServiceMetrics extends RequestCounts {
  /** Successful requests as a percentage of settled requests; 100 before the first. */
  readonly successRate: number
  /** Failed and rejected requests as a percentage of settled requests; 0 before the first. */
  readonly failureRate: number
  /** The mean time of requests that did work, in milliseconds: cache hits and rejected requests are left out. */
  readonly avgResponseTimeMs: number
  /** When a request last succeeded that did more than take the cached instance; undefined before the first. */
  readonly lastSuccessTime: Date | undefined
  /** When a request last failed; undefined before the first. */
  readonly lastFailureTime: Date | undefined
  /** The current state of its circuit; `disabled`: it has none. */
  readonly circuitState: CircuitState | 'disabled'
  /** The latencies of all requests that did work: loads and calls. */
  readonly overallLatency: LatencySummary
  /**
   * How long calls were queued because of `maxConcurrentCalls`, however the wait ended. Calls that did not wait are
   * left out.
   */
  readonly queueWait: LatencySummary
  /**
   * The latencies of requests that did work, by method; for retried requests, of each attempt. `$get` is a load,
   * `$call` a call with a function.
   */
  readonly latency: Readonly<Record<string, LatencySummary>>
}

/** The last failed request. Rejected requests and those that their callers aborted do not count. */
export interface RequestFailure {
  /** The error object itself. */
  readonly error: unknown
  /** When its caller was answered, by the wall clock. */
  readonly at: Date
}

/** Where a request found its instance. */
export type CacheResult = 'hit' | 'miss' | 'stale'

/** How many methods get a histogram of their own; the others share one. */
const MAX_METHODS = 64
const OTHER_METHODS = '$other'
const UNKNOWN_METHOD = '$unknown'

const NO_REJECTIONS: Readonly<Record<RejectionReason, number>> = Object.freeze({
  open: 0,
  isolated: 0,
  capacity: 0,
  stopped: 0,
  misuse: 0,
})

const NO_TRANSITIONS: Readonly<Record<CircuitState, number>> = Object.freeze({
  closed: 0,
  open: 0,
  half_open: 0,
  isolated: 0,
})

const NO_RETRIES: Readonly<Record<RetryOutcome, number>> = Object.freeze({ success: 0, failure: 0, denied: 0 })

/** Counts that most services never need. */
class TroubleCounts {
  readonly rejections: Record<RejectionReason, number> = { ...NO_REJECTIONS }
  readonly transitions: Record<CircuitState, number> = { ...NO_TRANSITIONS }
  invalidations = 0
  abandonedCalls = 0
  abandonedLoads = 0
  /** Created with the first. */
  retries: Record<RetryOutcome, number> | undefined
  queuedCalls = 0
  /** Created with the first. */
  queueWait: LatencyHistogram | undefined
  lastError: unknown
  lastErrorAt: number = Number.NaN
}

/** For services that have seen no trouble. */
const NO_TROUBLE: Readonly<TroubleCounts> = new TroubleCounts()

/** Counts the requests of one proxy. */
export class RequestCounters {
  readonly #clock: Clock
  /** Created with the first request that does work. */
  #histograms: Map<string, LatencyHistogram> | undefined
  #successful = 0
  #failed = 0
  #rejected = 0
  #inFlight = 0
  #timedOut = 0
  #aborted = 0
  #hits = 0
  #misses = 0
  #stale = 0
  #worked = 0
  #workedMs = 0
  // NaN before the first: a field that is always a number is written without an allocation.
  #lastSuccessAt: number = Number.NaN
  #lastFailureAt: number = Number.NaN
  /** Created with the first trouble. */
  #trouble: TroubleCounts | undefined
  fallbacks = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A request was answered from the cache at once. */
  hit(): void {
    this.#hits++
    this.#successful++
  }

  begin(): void {
    this.#inFlight++
  }

  found(result: CacheResult): void {
    if (result === 'hit') this.#hits++
    else if (result === 'miss') this.#misses++
    else this.#stale++
  }

  transition(to: CircuitState): void {
    this.#trouble ??= new TroubleCounts()
    this.#trouble.transitions[to]++
  }

  invalidated(): void {
    this.#trouble ??= new TroubleCounts()
    this.#trouble.invalidations++
  }

  /** A call was abandoned and is still running (1), or has ended after all (-1). */
  abandonedCall(change: 1 | -1): void {
    this.#trouble ??= new TroubleCounts()
    this.#trouble.abandonedCalls += change
  }

  /** The same for a load. */
  abandonedLoad(change: 1 | -1): void {
    this.#trouble ??= new TroubleCounts()
    this.#trouble.abandonedLoads += change
  }

  /** Counts a retry by its outcome. */
  retried(outcome: RetryOutcome): void {
    this.#trouble ??= new TroubleCounts()
    this.#trouble.retries ??= { ...NO_RETRIES }
    this.#trouble.retries[outcome]++
  }

  /** A call is queued. */
  queued(): void {
    this.#trouble ??= new TroubleCounts()
    this.#trouble.queuedCalls++
  }

  /** A call leaves the queue after `waitMs`. */
  leftQueue(waitMs: number): void {
    this.#trouble ??= new TroubleCounts()
    this.#trouble.queuedCalls--
    this.#trouble.queueWait ??= new LatencyHistogram()
    this.#trouble.queueWait.record(waitMs)
  }

  /**
   * Ends a request that {@link RequestCounters.begin} began.
   * @param result the error if it failed or was rejected
   */
  settle(end: AttemptEnd, outcome: Outcome, now: number, result: unknown): void {
    this.#inFlight--
    if (end === 'refused') {
      this.#rejected++
      this.#trouble ??= new TroubleCounts()
      this.#trouble.rejections[rejectionReason(result)]++
    } else if (end === 'fulfilled' || (end === 'rejected' && outcome !== 'failure')) {
      this.#successful++
      this.#lastSuccessAt = now
    } else {
      this.#failed++
      this.#lastFailureAt = now
      if (end === 'aborted') {
        this.#aborted++
        return
      }
      if (end === 'timeout') this.#timedOut++
      this.#trouble ??= new TroubleCounts()
      this.#trouble.lastError = result
      this.#trouble.lastErrorAt = now
    }
  }

  /** A request that did work took this long. */
  worked(method: string, durationMs: number): void {
    this.#worked++
    this.#workedMs += durationMs
    this.#histogram(method).record(durationMs)
  }

  /** Undefined before the first. */
  get lastFailure(): RequestFailure | undefined {
    const { lastError: error, lastErrorAt = Number.NaN } = this.#trouble ?? {}
    const at = this.#dateOf(lastErrorAt)
    return at && { error, at }
  }

  counts(): RequestCounts {
    const trouble = this.#trouble ?? NO_TROUBLE
    return {
      totalRequests: this.#successful + this.#failed + this.#rejected + this.#inFlight,
      successfulRequests: this.#successful,
      failedRequests: this.#failed,
      rejectedRequests: this.#rejected,
      inFlight: this.#inFlight,
      timedOutRequests: this.#timedOut,
      abortedRequests: this.#aborted,
      fallbacks: this.fallbacks,
      staleServed: this.#stale,
      cacheHits: this.#hits,
      cacheMisses: this.#misses,
      invalidations: trouble.invalidations,
      abandonedCalls: trouble.abandonedCalls,
      abandonedLoads: trouble.abandonedLoads,
      rejections: { ...trouble.rejections },
      retries: { ...(trouble.retries ?? NO_RETRIES) },
      queuedCalls: trouble.queuedCalls,
      circuitTransitions: { ...trouble.transitions },
    }
  }

  snapshot(circuitState: CircuitState | 'disabled'): ServiceMetrics {
    const settled = this.#successful + this.#failed + this.#rejected
    const successRate = settled === 0 ? 100 : (this.#successful / settled) * 100
    return {
      ...this.counts(),
      successRate,
      failureRate: 100 - successRate,
      avgResponseTimeMs: this.#worked === 0 ? 0 : this.#workedMs / this.#worked,
      lastSuccessTime: this.#dateOf(this.#lastSuccessAt),
      lastFailureTime: this.#dateOf(this.#lastFailureAt),
      circuitState,
      overallLatency: this.overallLatency(),
      queueWait: (this.#trouble?.queueWait ?? new LatencyHistogram()).summary(),
      latency: Object.fromEntries(
        [...(this.#histograms ?? [])].map(([method, histogram]) => [method, histogram.summary()]),
      ),
    }
  }

  overallLatency(): LatencySummary {
    return LatencyHistogram.merged([...(this.#histograms?.values() ?? [])]).summary()
  }

  /**
   * The name of a method as a metric label: its own name if it was seen to run. A name can be user input: if a call was
   * `rejected`, or got no instance, it is not known whether the service has the method.
   */
  labelOf(method: string, rejected: boolean): string {
    if (this.#histograms?.has(method) === true) return method
    return !rejected && this.#histograms?.has(OTHER_METHODS) === true ? OTHER_METHODS : UNKNOWN_METHOD
  }

  #histogram(method: string): LatencyHistogram {
    this.#histograms ??= new Map()
    const known = this.#histograms.get(method)
    if (known !== undefined) return known
    const name = this.#histograms.size < MAX_METHODS ? method : OTHER_METHODS
    const histogram = this.#histograms.get(name) ?? new LatencyHistogram()
    this.#histograms.set(name, histogram)
    return histogram
  }

  #dateOf(at: number): Date | undefined {
    return Number.isNaN(at) ? undefined : wallTimeOf(at, this.#clock)
  }
}

/** Each kind of rejection has its own error. */
function rejectionReason(error: unknown): RejectionReason {
  if (error instanceof CircuitOpenError) return error.retryAfterMs === undefined ? 'isolated' : 'open'
  if (error instanceof CapacityError) return 'capacity'
  return error instanceof StoppedError ? 'stopped' : 'misuse'
}
