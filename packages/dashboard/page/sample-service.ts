import type { CircuitView, ServiceView, Snapshot } from '@svcproxy/http'

// Views as the API gives them, for tests.

/** A service that is well and idle, but for what is said of it. */
export function serviceView(part: Partial<ServiceView>): ServiceView {
  return {
    name: 'fleet',
    critical: false,
    stopped: false,
    status: 'pass',
    circuit: circuitIn('closed'),
    cache: { state: 'fresh', freshUntil: null, loading: false },
    health: null,
    lastFailure: null,
    counts: {
      totalRequests: 0,
      successfulRequests: 0,
      failedRequests: 0,
      rejectedRequests: 0,
      inFlight: 0,
      timedOutRequests: 0,
      abortedRequests: 0,
      abandonedCalls: 0,
      abandonedLoads: 0,
      fallbacks: 0,
      staleServed: 0,
      cacheHits: 0,
      cacheMisses: 0,
      invalidations: 0,
      rejections: { open: 0, isolated: 0, capacity: 0, stopped: 0, misuse: 0 },
      retries: { success: 0, failure: 0, denied: 0 },
      queuedCalls: 0,
      circuitTransitions: { closed: 0, open: 0, half_open: 0, isolated: 0 },
    },
    retryBudget: null,
    queue: null,
    requestsPerSecond: null,
    latency: { count: 0, p50Ms: 0, p90Ms: 0, p99Ms: 0, maxMs: 0 },
    history: { intervalMs: 5_000, requests: [], failures: [], rejections: [] },
    ...part,
  }
}

export function circuitIn(state: CircuitView['state'], heldByOperator: boolean = false): CircuitView {
  return {
    state,
    since: '2026-01-01T00:00:00Z',
    mode: 'enforce',
    wouldReject: 0,
    consecutiveFailures: 0,
    failureThreshold: 5,
    rates: [],
    successfulTrials: 0,
    successThreshold: 3,
    retryAt: null,
    openings: 0,
    rampUntil: null,
    heldByOperator,
  }
}

/** Of a process with these services. */
export function snapshotOf(services: readonly ServiceView[], at: string = '2026-01-01T00:00:00Z'): Snapshot {
  return {
    version: 1,
    at,
    instance: { id: '7f9c', environment: 'production', startedAt: at },
    readOnly: false,
    status: 'pass',
    stopping: false,
    services,
    events: [],
  }
}
