import type { CacheStatus } from './instances/cache-slot.ts'
import type { Circuit } from './circuit/circuit.ts'
import type { ResolvedCircuitPolicy } from './circuit/policy.ts'
import type { CircuitState } from './circuit/state-machine.ts'
import type { RateStatus } from './circuit/trip-rules.ts'
import { wallTimeOf } from './clock.ts'
import type { Clock } from './clock.ts'
import type { HealthResult } from './observing/health.ts'
import type { RequestFailure } from './observing/service-metrics.ts'
import type { RetryBudgetStatus } from './calls/retry-allowance.ts'
import { callSettings, type CallSettings } from './options/call-policies.ts'
import { renewOf } from './options/service-proxy-options.ts'
import type { ProxySettings, ResolvedServiceProxyOptions } from './options/service-proxy-options.ts'

/** The policy of a circuit; its deadline is the `timeoutMs` of {@link ServiceSettings}. */
export type CircuitSettings = Omit<ResolvedCircuitPolicy, 'isFailure' | 'timeoutMs' | 'random'>

/** The settings of a proxy, with defaults filled in. Durations are in milliseconds. */
export type ServiceSettings = Required<
  Pick<
    ProxySettings,
    | 'timeoutMs'
    | 'fallbackTimeoutMs'
    | 'cacheTtlMs'
    | 'cacheTtlJitterRatio'
    | 'staleWhileRevalidateMs'
    | 'staleIfErrorMs'
    | 'backoffInitialMs'
    | 'backoffMaxMs'
    | 'disposeGraceMs'
    | 'healthIntervalMs'
    | 'critical'
    | 'security'
  >
> &
  CallSettings & {
    /** False: the proxy has no circuit. */
    readonly circuit: CircuitSettings | false
    /** Whether there is a fallback. */
    readonly hasFallback: boolean
    /** `check`: at the end of its TTL a healthy instance is kept; `replace`: another one is looked up or created. */
    readonly renew: 'check' | 'replace'
    /** `owned`: the proxy disposes the instances of its provider; `borrowed`: it does not. */
    readonly ownership: 'borrowed' | 'owned'
  }

/** The current state of a circuit. */
export interface CircuitStatus {
  /** The state now. */
  readonly state: CircuitState
  /** When it entered that state. */
  readonly since: Date
  /** Consecutive failures while closed, else 0. */
  readonly consecutiveFailures: number
  /** Successful trials while half-open, else 0. */
  readonly successfulTrials: number
  /** How long until a call may be admitted, in milliseconds: 0 if it would be now, undefined while isolated. */
  readonly retryAfterMs: number | undefined
  /** `observe`: it rejects nothing, whatever its state; see {@link CircuitPolicy.mode}. */
  readonly mode: 'enforce' | 'observe'
  /** In `observe` mode: how many calls it would have rejected. */
  readonly wouldReject: number
  /**
   * The rolling windows of `failureRate` and `slowCalls`; empty without these rules, and unless the circuit is closed.
   */
  readonly rates: readonly RateStatus[]
  /**
   * How long until all calls are admitted again after closing, in milliseconds; 0 without {@link CircuitPolicy.rampMs}.
   */
  readonly rampLeftMs: number
  /** How often it has opened since it was last closed; 0 while closed. */
  readonly openings: number
  /** The name of the coordinator that holds it open or lets it make trials; undefined if there is none. */
  readonly heldBy: string | undefined
}

/**
 * The current state of a service, without the counts of {@link ServiceProxy.getMetrics}. Reading it does not ask the
 * service.
 */
export interface ServiceStatus {
  /** Undefined: the proxy has no circuit. */
  readonly circuit: CircuitStatus | undefined
  /** What is cached, and how long it stays fresh. */
  readonly cache: CacheStatus
  /** The result of the last health check; undefined before the first. */
  readonly health: { readonly healthy: boolean; readonly at: Date } | undefined
  /** The state of the retry budget; undefined before the first call that may be retried. */
  readonly retryBudget: RetryBudgetStatus | undefined
  /** The last failed request; undefined before the first. */
  readonly lastFailure: RequestFailure | undefined
  /** Whether the proxy was stopped. */
  readonly stopped: boolean
}

/**
 * Whether no call is rejected and none is a trial. A circuit that only observes rejects nothing, unless it is isolated.
 */
export function admitsAllCalls(circuit: CircuitStatus | undefined): boolean {
  if (circuit === undefined || circuit.state === 'closed') return true
  return circuit.mode === 'observe' && circuit.state !== 'isolated'
}

export function settingsOf<T>(options: ResolvedServiceProxyOptions<T>): ServiceSettings {
  const { provider, fallback, calls, circuit, logger: _logger, clock: _clock, random: _random, ...settings } = options
  return {
    ...settings,
    ...callSettings(calls),
    circuit: circuit === undefined ? false : circuitSettings(circuit.policy),
    hasFallback: fallback !== undefined,
    ownership: provider.ownership ?? 'borrowed',
    renew: renewOf(options),
  }
}

/** What a {@link ServiceStatus} is made from. */
export interface StatusParts extends Pick<ServiceStatus, 'retryBudget' | 'lastFailure' | 'stopped'> {
  readonly clock: Clock
  readonly circuit: Circuit | undefined
  readonly cache: { status(now: number): CacheStatus }
  readonly lastHealth: HealthResult | undefined
}

export function statusOf({ clock, circuit, cache, lastHealth, ...others }: StatusParts): ServiceStatus {
  return {
    ...others,
    circuit: circuit && circuitStatusOf(circuit, clock),
    cache: cache.status(clock.now()),
    health: lastHealth && { healthy: lastHealth.healthy, at: wallTimeOf(lastHealth.at, clock) },
  }
}

function circuitStatusOf(circuit: Circuit, clock: Clock): CircuitStatus {
  // Read the state first: that makes an open circuit half-open whose time is over.
  const { state } = circuit
  const { consecutiveFailures, retryAfterMs, changedAt, wouldReject, rates, rampLeftMs, heldBy } = circuit
  const { successes, openings = 0 } = circuit.exportState()
  return {
    state,
    since: wallTimeOf(changedAt, clock),
    consecutiveFailures,
    successfulTrials: successes,
    retryAfterMs,
    mode: circuit.policy.mode,
    wouldReject,
    rates,
    rampLeftMs,
    openings,
    heldBy,
  }
}

function circuitSettings({
  isFailure: _isFailure,
  timeoutMs: _timeoutMs,
  random: _random,
  ...policy
}: ResolvedCircuitPolicy): CircuitSettings {
  return policy
}
