import type { CircuitView, FleetMemberView, FleetView, ServiceView, Snapshot } from '@svcproxy/http'

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
    heldBy: null,
  }
}

/** Of a process with these services. */
export function snapshotOf(
  services: readonly ServiceView[],
  at: string = '2026-01-01T00:00:00Z',
  instance: string = '7f9c',
): Snapshot {
  return {
    version: 1,
    at,
    instance: { id: instance, environment: 'production', startedAt: at },
    readOnly: false,
    status: 'pass',
    stopping: false,
    fleet: null,
    services,
    events: [],
  }
}

/** Connected, with these members; the process is the first of them. */
export function fleetOf(members: readonly FleetMemberView[], part: Partial<FleetView> = {}): FleetView {
  return {
    namespace: 'shop',
    state: 'connected',
    since: '2026-01-01T00:00:00Z',
    member: members[0]?.id ?? '',
    members,
    circuits: [],
    queuedInvalidations: 0,
    counts: {
      hints: 0,
      droppedMessages: 0,
      deferredHints: 0,
      missedHints: 0,
      resyncs: 0,
      invalidationsSent: 0,
      invalidationsReceived: 0,
      reports: 0,
      probes: 0,
      disconnections: 0,
      storeErrors: 0,
    },
    lastError: null,
    ...part,
  }
}

/** A process of a fleet that tells this of its services. */
export function memberOf(label: string, services: FleetMemberView['services'] = {}): FleetMemberView {
  return { id: `id of ${label}`, label, seenAt: '2026-01-01T00:00:00Z', services }
}
