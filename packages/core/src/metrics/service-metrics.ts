import type { AttemptEnd, Outcome } from '../attempt.ts'
import type { CircuitState } from '../circuit/state-machine.ts'
import type { Clock } from '../clock.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import type { LatencySummary } from './latency-histogram.ts'

/**
 * What a proxy has seen since it was made. Requests are what callers asked for, whether or not the service was reached;
 * `totalRequests = successfulRequests + failedRequests + rejectedRequests + inFlight`, always.
 */
export interface ServiceMetrics {
  readonly totalRequests: number
  /** The service answered; a cached instance counts, and so does an error that `isFailure` says is none. */
  readonly successfulRequests: number
  /** The service failed, ran past the deadline, or the caller gave up. A fallback that helped does not change that. */
  readonly failedRequests: number
  /** Refused before anything was sent: open circuit, capacity, stopped. */
  readonly rejectedRequests: number
  readonly inFlight: number
  /** Of the failed ones, those that ran past the deadline. */
  readonly timedOutRequests: number
  /** Of the failed ones, those whose caller gave up. */
  readonly abortedRequests: number
  /** Requests that a fallback answered. */
  readonly fallbacks: number
  /** Requests that a stale instance served. */
  readonly staleServed: number
  /** Requests that found a fresh instance. */
  readonly cacheHits: number
  /** Requests that had to wait for a load. */
  readonly cacheMisses: number
  /** Successful among settled requests, in percent; 100 before the first. */
  readonly successRate: number
  /** Failed and rejected among settled requests, in percent; 0 before the first. */
  readonly failureRate: number
  /** Mean over the requests that did work, in milliseconds: cache hits and rejected requests are left out. */
  readonly avgResponseTimeMs: number
  /** When a request last ended well that did more than take the cached instance; undefined before the first. */
  readonly lastSuccessTime: Date | undefined
  /** Undefined before the first. */
  readonly lastFailureTime: Date | undefined
  readonly circuitState: CircuitState | 'disabled'
  /** Latencies of the requests that did work, by method; `$get` is a load, `$call` a call with a function of yours. */
  readonly latency: Readonly<Record<string, LatencySummary>>
}

/** Where a request found its instance. */
export type CacheResult = 'hit' | 'miss' | 'stale'

/** The most methods that get a histogram of their own; the others share one. */
const MAX_METHODS = 64
const OTHER_METHODS = '$other'

/** Counts the requests of one proxy. */
export class RequestCounters {
  readonly #clock: Clock
  /** Made with the first request that does work. */
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
  // Not a number before the first: a field that is always a number is written without an allocation.
  #lastSuccessAt: number = Number.NaN
  #lastFailureAt: number = Number.NaN
  fallbacks = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A request answered from the cache on the spot. */
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

  /** Ends a request that {@link RequestCounters.begin} began. */
  settle(end: AttemptEnd, outcome: Outcome, now: number): void {
    this.#inFlight--
    if (end === 'refused') {
      this.#rejected++
    } else if (end === 'fulfilled' || (end === 'rejected' && outcome === 'ignored')) {
      this.#successful++
      this.#lastSuccessAt = now
    } else {
      this.#failed++
      this.#lastFailureAt = now
      if (end === 'timeout') this.#timedOut++
      else if (end === 'aborted') this.#aborted++
    }
  }

  /** A request that did work took this long. */
  worked(method: string, durationMs: number): void {
    this.#worked++
    this.#workedMs += durationMs
    this.#histogram(method).record(durationMs)
  }

  snapshot(circuitState: CircuitState | 'disabled'): ServiceMetrics {
    const settled = this.#successful + this.#failed + this.#rejected
    const successRate = settled === 0 ? 100 : (this.#successful / settled) * 100
    return {
      totalRequests: settled + this.#inFlight,
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
      successRate,
      failureRate: 100 - successRate,
      avgResponseTimeMs: this.#worked === 0 ? 0 : this.#workedMs / this.#worked,
      lastSuccessTime: this.#dateOf(this.#lastSuccessAt),
      lastFailureTime: this.#dateOf(this.#lastFailureAt),
      circuitState,
      latency: Object.fromEntries(
        [...(this.#histograms ?? [])].map(([method, histogram]) => [method, histogram.summary()]),
      ),
    }
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

  /** Only the monotonic clock is read while counting; the wall clock is asked when somebody looks. */
  #dateOf(at: number): Date | undefined {
    return Number.isNaN(at) ? undefined : new Date(this.#clock.wallNow() - (this.#clock.now() - at))
  }
}
