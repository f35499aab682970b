import type { AttemptEnd, Outcome } from '../attempts/attempt.ts'
import type { CircuitState } from '../circuit/state-machine.ts'
import { wallTimeOf } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { CapacityError, CircuitOpenError, StoppedError } from '../errors.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import type { LatencySummary } from './latency-histogram.ts'

/**
 * Why a request was refused: the circuit was `open` (or half-open with its trials under way) or `isolated`, `capacity`
 * was reached, the proxy was `stopped`, or the caller asked for what cannot be had: no such method, a builder, a client of a pool (`misuse`).
 */
export type RejectionReason = 'open' | 'isolated' | 'capacity' | 'stopped' | 'misuse'

/**
 * What became of a retry: the service answered (`success`) or did not (`failure`); or it was not made (`denied`), because the
 * budget was used up or, after the wait, the circuit or the capacity refused it.
 */
export type RetryOutcome = 'success' | 'failure' | 'denied'

/**
 * What a proxy has counted since it was made. Requests are what callers asked for, whether or not the service was
 * reached; `totalRequests = successfulRequests + failedRequests + rejectedRequests + inFlight`, always.
 */
export interface RequestCounts {
  /** All that were made. */
  readonly totalRequests: number
  /** The service answered; a cached instance counts, and so does an error that `isFailure` says is none. */
  readonly successfulRequests: number
  /** The service failed, ran past the deadline, or the caller gave up. A fallback that helped does not change that. */
  readonly failedRequests: number
  /** Refused before anything was sent: open circuit, capacity, stopped. */
  readonly rejectedRequests: number
  /** Those that were not answered yet. */
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
  /** How often the cached instance was invalidated. */
  readonly invalidations: number
  /** Calls whose callers were answered, at the deadline or because they gave up, and whose work still runs: now, not ever. */
  readonly abandonedCalls: number
  /** Loads that overran their deadlines and are still pending: now, not ever. */
  readonly abandonedLoads: number
  /** The rejected requests by reason. */
  readonly rejections: Readonly<Record<RejectionReason, number>>
  /** Attempts beyond the first of their requests, by outcome; a request counts once, however often it is tried. */
  readonly retries: Readonly<Record<RetryOutcome, number>>
  /** Calls that wait for one of `maxConcurrentCalls` to end: now, not ever. */
  readonly queuedCalls: number
  /** How often the circuit entered each state. */
  readonly circuitTransitions: Readonly<Record<CircuitState, number>>
}

/** What a proxy has seen since it was made. */
export interface ServiceMetrics extends RequestCounts {
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
  /** The state of its circuit now; `disabled`: it has none. */
  readonly circuitState: CircuitState | 'disabled'
  /** Latencies of all requests that did work, loads and calls alike. */
  readonly overallLatency: LatencySummary
  /** How long calls waited for one of `maxConcurrentCalls` to end, of those that had to; however the wait ended. */
  readonly queueWait: LatencySummary
  /** Latencies of the requests that did work, by method; of one that was retried, of each attempt; `$get` is a load, `$call` a call with a function of yours. */
  readonly latency: Readonly<Record<string, LatencySummary>>
}

/** The last request that failed: not one that was refused, nor one whose caller gave up. */
export interface RequestFailure {
  /** What it failed with, the object itself. */
  readonly error: unknown
  /** When its caller was answered, by the wall clock. */
  readonly at: Date
}

/** Where a request found its instance. */
export type CacheResult = 'hit' | 'miss' | 'stale'

/** The most methods that get a histogram of their own; the others share one. */
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

/** What most services never need to count. */
class TroubleCounts {
  readonly rejections: Record<RejectionReason, number> = { ...NO_REJECTIONS }
  readonly transitions: Record<CircuitState, number> = { ...NO_TRANSITIONS }
  invalidations = 0
  abandonedCalls = 0
  abandonedLoads = 0
  /** Made with the first. */
  retries: Record<RetryOutcome, number> | undefined
  queuedCalls = 0
  /** Made with the first. */
  queueWait: LatencyHistogram | undefined
  lastError: unknown
  lastErrorAt: number = Number.NaN
}

/** Of those that have seen none. */
const NO_TROUBLE: Readonly<TroubleCounts> = new TroubleCounts()

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
  /** Made with the first of it. */
  #trouble: TroubleCounts | undefined
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

  transition(to: CircuitState): void {
    this.#trouble ??= new TroubleCounts()
    this.#trouble.transitions[to]++
  }

  invalidated(): void {
    this.#trouble ??= new TroubleCounts()
    this.#trouble.invalidations++
  }

  /** A call was given up and still runs (1), or has ended after all (-1). */
  abandonedCall(change: 1 | -1): void {
    this.#trouble ??= new TroubleCounts()
    this.#trouble.abandonedCalls += change
  }

  /** The same, of a load. */
  abandonedLoad(change: 1 | -1): void {
    this.#trouble ??= new TroubleCounts()
    this.#trouble.abandonedLoads += change
  }

  /** What became of a retry. */
  retried(outcome: RetryOutcome): void {
    this.#trouble ??= new TroubleCounts()
    this.#trouble.retries ??= { ...NO_RETRIES }
    this.#trouble.retries[outcome]++
  }

  /** A call begins to wait for a place. */
  queued(): void {
    this.#trouble ??= new TroubleCounts()
    this.#trouble.queuedCalls++
  }

  /** It has waited so long. */
  leftQueue(waitMs: number): void {
    this.#trouble ??= new TroubleCounts()
    this.#trouble.queuedCalls--
    this.#trouble.queueWait ??= new LatencyHistogram()
    this.#trouble.queueWait.record(waitMs)
  }

  /**
   * Ends a request that {@link RequestCounters.begin} began.
   * @param result what it failed or was refused with
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
   * What a method is called where its name becomes a label: its own name if it was seen to run. A name can be a caller's
   * input: of a call that was `rejected`, or for which no instance could be had, nobody knows whether the service has it.
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

/** The error says it: each refusal has its own. */
function rejectionReason(error: unknown): RejectionReason {
  if (error instanceof CircuitOpenError) return error.retryAfterMs === undefined ? 'isolated' : 'open'
  if (error instanceof CapacityError) return 'capacity'
  return error instanceof StoppedError ? 'stopped' : 'misuse'
}
