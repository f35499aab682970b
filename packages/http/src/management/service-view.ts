import type { Clock, HealthLevel, ServiceSettings, ServiceStatus } from '@svcproxy/core'
import { admitsAllCalls } from '@svcproxy/core/adapter'
import type { FailureViews } from './failure-view.ts'
import { isHeldByOperator } from './isolations.ts'
import type { ManagedProxy } from './managed-services.ts'
import type { ManagementState } from './management-state.ts'
import { finite, serviceSettingsView } from './settings-view.ts'
import type { CircuitView, FailureView, RequestHistory, ServiceDetail, ServiceView } from './snapshot.ts'
import type { ShownTime } from './steady-time.ts'

/** The last time that a `Date` can represent; an instance that is fresh beyond it is fresh until it is invalidated. */
const LAST_DATE = 8.64e15

/** Shows the current state of services without asking them anything. */
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
      settings: serviceSettingsView(proxy.settings),
      methods: proxy.getMetrics().latency,
      events: this.#state.events.of(proxy.name),
    }
  }

  /** The same object until the next sample. */
  historyOf(proxy: ManagedProxy): RequestHistory {
    return this.#state.history.historyOf(proxy)
  }

  withoutHistory(proxy: ManagedProxy): Omit<ServiceView, 'history'> {
    const { name, critical, settings } = proxy
    const status = proxy.getStatus()
    const counts = proxy.getCounts()
    const { latency, queueWait } = this.#state.latencies.of(proxy, counts, settings)
    return {
      name,
      critical,
      stopped: status.stopped,
      status: levelOf(status, critical),
      circuit: this.#circuit(proxy, status, settings),
      cache: this.#cache(proxy, status),
      health: this.#health(proxy, status),
      lastFailure: this.#lastFailure(proxy, status),
      counts,
      retryBudget: status.retryBudget ?? null,
      queue: queueWait && { waiting: counts.queuedCalls, max: settings.maxQueuedCalls, wait: queueWait },
      requestsPerSecond: this.#state.history.requestsPerSecond(proxy) ?? null,
      latency,
    }
  }

  #circuit(proxy: ManagedProxy, { circuit }: ServiceStatus, settings: ServiceSettings): CircuitView | null {
    if (circuit === undefined || settings.circuit === false) return null
    const { state, since, mode, consecutiveFailures, successfulTrials, retryAfterMs, rampLeftMs } = circuit
    const { wouldReject, rates, openings, heldBy = null } = circuit
    const { failureThreshold, successThreshold } = settings.circuit
    return {
      state,
      since: this.#state.times.iso(proxy, 'circuitSince', since.getTime()),
      mode,
      wouldReject,
      consecutiveFailures,
      failureThreshold: finite(failureThreshold),
      rates,
      successfulTrials,
      successThreshold,
      retryAt: state === 'open' && retryAfterMs !== undefined ? this.#after(proxy, 'retryAt', retryAfterMs) : null,
      openings,
      rampUntil: rampLeftMs > 0 ? this.#after(proxy, 'rampUntil', rampLeftMs) : null,
      heldBy,
      heldByOperator: state === 'isolated' && isHeldByOperator(proxy),
    }
  }

  /** The time in `leftMs` milliseconds. */
  #after(proxy: ManagedProxy, which: ShownTime, leftMs: number): string {
    return this.#state.times.iso(proxy, which, this.#clock.wallNow() + leftMs)
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

/**
 * The same rule as `getHealthStatus()`, but by the last health check instead of a new one; a service without a check is
 * healthy.
 */
function levelOf({ circuit, health, stopped }: ServiceStatus, critical: boolean): HealthLevel {
  const healthy = !stopped && health?.healthy !== false
  if (healthy && admitsAllCalls(circuit)) return 'pass'
  return critical && !healthy ? 'fail' : 'warn'
}
