import type { Clock, HealthLevel, ServiceStatus } from '@svcproxy/core'
import type { FailureViews } from './failure-view.ts'
import { isHeldByOperator } from './isolations.ts'
import type { ManagedProxy } from './managed-services.ts'
import type { ManagementState } from './management-state.ts'
import type { CircuitView, FailureView, RequestHistory, ServiceDetail, ServiceView } from './snapshot.ts'

/** The last moment a `Date` can tell; what is fresh beyond it is fresh until it is invalidated. */
const LAST_DATE = 8.64e15

/** Shows services as they stand, asking none of them anything. */
export class ServiceViews {
  readonly #state: ManagementState
  readonly #failures: FailureViews
  readonly #clock: Clock

  constructor(state: ManagementState, failures: FailureViews, clock: Clock) {
    this.#state = state
    this.#failures = failures
    this.#clock = clock
  }

  of(proxy: ManagedProxy): ServiceView {
    return { ...this.withoutHistory(proxy), history: this.historyOf(proxy) }
  }

  detailOf(proxy: ManagedProxy): ServiceDetail {
    return {
      ...this.of(proxy),
      // JSON says null for `Infinity`.
      settings: proxy.settings,
      methods: proxy.getMetrics().latency,
      events: this.#state.events.of(proxy.name),
    }
  }

  /** The same object until the next sample. */
  historyOf(proxy: ManagedProxy): RequestHistory {
    return this.#state.history.historyOf(proxy)
  }

  withoutHistory(proxy: ManagedProxy): Omit<ServiceView, 'history'> {
    const { name, critical } = proxy
    const status = proxy.getStatus()
    const counts = proxy.getCounts()
    return {
      name,
      critical,
      stopped: status.stopped,
      status: levelOf(status, critical),
      circuit: this.#circuit(proxy, status),
      cache: this.#cache(proxy, status),
      health: this.#health(proxy, status),
      lastFailure: this.#lastFailure(proxy, status),
      counts,
      requestsPerSecond: this.#state.history.requestsPerSecond(proxy) ?? null,
      latency: this.#state.latencies.of(proxy, counts),
    }
  }

  #circuit(proxy: ManagedProxy, { circuit }: ServiceStatus): CircuitView | null {
    const { settings } = proxy
    if (circuit === undefined || settings.circuit === false) return null
    const { state, since, consecutiveFailures, successfulTrials, retryAfterMs } = circuit
    const { failureThreshold, successThreshold } = settings.circuit
    const retryAt =
      state === 'open' && retryAfterMs !== undefined
        ? this.#state.times.iso(proxy, 'retryAt', this.#clock.wallNow() + retryAfterMs)
        : null
    return {
      state,
      since: this.#state.times.iso(proxy, 'circuitSince', since.getTime()),
      consecutiveFailures,
      failureThreshold,
      successfulTrials,
      successThreshold,
      retryAt,
      heldByOperator: state === 'isolated' && isHeldByOperator(proxy),
    }
  }

  #cache(proxy: ManagedProxy, { cache }: ServiceStatus): ServiceView['cache'] {
    const { state, freshForMs, loading } = cache
    const until = this.#clock.wallNow() + freshForMs
    const ends = state === 'fresh' && until <= LAST_DATE
    return { state, freshUntil: ends ? this.#state.times.iso(proxy, 'freshUntil', until) : null, loading }
  }

  #health(proxy: ManagedProxy, { health }: ServiceStatus): ServiceView['health'] {
    if (health === undefined) return null
    return { healthy: health.healthy, at: this.#state.times.iso(proxy, 'healthAt', health.at.getTime()) }
  }

  #lastFailure(proxy: ManagedProxy, { lastFailure }: ServiceStatus): FailureView | null {
    if (lastFailure === undefined) return null
    const at = this.#state.times.iso(proxy, 'failedAt', lastFailure.at.getTime())
    return { ...this.#failures.of(proxy, lastFailure.error), at }
  }
}

/** The rule of `getHealthStatus()`, with the last result in place of a new one: a service nobody asked is well. */
function levelOf({ circuit, health, stopped }: ServiceStatus, critical: boolean): HealthLevel {
  const healthy = !stopped && health?.healthy !== false
  if (healthy && (circuit === undefined || circuit.state === 'closed')) return 'pass'
  return critical && !healthy ? 'fail' : 'warn'
}
