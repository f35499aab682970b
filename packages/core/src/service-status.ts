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

/** A circuit's policy; its `timeoutMs` is that of the {@link ServiceSettings}. */
export type CircuitSettings = Omit<ResolvedCircuitPolicy, 'isFailure' | 'timeoutMs' | 'random'>

/** How a proxy is set up, defaults filled in: what its options came to. Times are in milliseconds. */
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
    readonly hasFallback: boolean
    /** `check`: a healthy instance is checked at the end of its TTL and kept; `replace`: another one is looked up or made. */
    readonly renew: 'check' | 'replace'
    /** Whether what the provider gives is the proxy's to dispose. */
    readonly ownership: 'borrowed' | 'owned'
  }

/** Where a circuit stands. */
export interface CircuitStatus {
  /** The state now. */
  readonly state: CircuitState
  /** When it entered that state. */
  readonly since: Date
  /** Consecutive failures while closed, else 0. */
  readonly consecutiveFailures: number
  /** Successful trials while half-open, else 0. */
  readonly successfulTrials: number
  /** How long until a call may be admitted, in milliseconds: 0 when it would be now, undefined while isolated. */
  readonly retryAfterMs: number | undefined
  /** `observe`: it refuses nothing, whatever its state; see {@link CircuitPolicy.mode}. */
  readonly mode: 'enforce' | 'observe'
  /** In `observe` mode: how many calls it would have refused. */
  readonly wouldReject: number
  /** Where the windows of `failureRate` and `slowCalls` stand; empty without these rules, and unless it is closed. */
  readonly rates: readonly RateStatus[]
  /** How long until all calls are let through again after a close, in milliseconds; 0 without {@link CircuitPolicy.rampMs}. */
  readonly rampLeftMs: number
  /** How often it has opened since it was last closed; 0 while closed. */
  readonly openings: number
  /** What holds it open, or has it make its trials, for several processes; undefined when nothing does. */
  readonly heldBy: string | undefined
}

/** Where a service stands, apart from what {@link ServiceProxy.getMetrics} counts. Reading it asks the service nothing. */
export interface ServiceStatus {
  /** Undefined: the proxy has no circuit. */
  readonly circuit: CircuitStatus | undefined
  /** What is cached, and for how long it is fresh. */
  readonly cache: CacheStatus
  /** What the last health check found; undefined before the first. */
  readonly health: { readonly healthy: boolean; readonly at: Date } | undefined
  /** What is left of the budget of retries; undefined before the first call that may be retried. */
  readonly retryBudget: RetryBudgetStatus | undefined
  /** Undefined before the first. */
  readonly lastFailure: RequestFailure | undefined
  /** Whether the proxy was stopped. */
  readonly stopped: boolean
}

/** Whether no call is refused and none is a trial. A circuit that only observes refuses nothing, unless it was isolated. */
export function letsCallsThrough(circuit: CircuitStatus | undefined): boolean {
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
  // The state first: an open circuit whose time is over is half-open from the moment somebody looks.
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
