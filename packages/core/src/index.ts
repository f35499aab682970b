// The API for applications. What breaker adapters, bindings and exporters use as well is in adapter.ts.
export { ServiceProxyManager } from './service-proxy-manager.ts'
export type {
  FleetHealth,
  GuardedServices,
  HealthLevel,
  HealthStatus,
  HealthStatusOptions,
  NoServices,
  ServiceHealth,
} from './service-proxy-manager.ts'
export { ServiceProxy } from './service-proxy.ts'
export { createServiceProxy, type CreateServiceProxyOptions } from './create-service-proxy.ts'

export type { Fallback, ProxySettings, ServiceProxyOptions } from './options/service-proxy-options.ts'
export type {
  CallerOptions,
  Caused,
  CallOptions,
  CheckHealthOptions,
  GetOptions,
  StopOptions,
} from './options/caller-options.ts'
export type { BreakerFactory } from './circuit/breaker.ts'
export type { CircuitPolicy, FailureRate, RateWindow, RecoveryBackoff, SlowCalls } from './circuit/policy.ts'
export type { RateKind, RateStatus } from './circuit/trip-rules.ts'
export { combinedFailure } from './judges/combined-failure.ts'
export { grpcFailure } from './judges/grpc-failure.ts'
export { httpFailure } from './judges/http-failure.ts'
export { postgresFailure } from './judges/postgres-failure.ts'
export type { Clock, Timer } from './clock.ts'
export type { Logger } from './observing/transition-log.ts'

export { appStateProvider } from './providers/app-state.ts'
export { compositeProvider } from './providers/composite.ts'
export { type CreateContext, factoryProvider, type FactoryProviderOptions } from './providers/factory.ts'
export {
  type BorrowedProviderOptions,
  type RegistryLike,
  registryProvider,
  type RegistryProviderOptions,
} from './providers/registry.ts'
export type { ServiceProvider } from './providers/service-provider.ts'
export { ServiceRegistry } from './providers/service-registry.ts'

export type { FinishBuildersInProxyCall, Guarded, GuardedMethod } from './facade/guarded.ts'
export type { CallContext } from './attempts/attempt.ts'
export { callSignal } from './attempts/call-signal.ts'
export type { ServiceOperation } from './calls/call-attempt.ts'

export type { ServiceEvent, ServiceEventListener, ServiceEventOf, ServiceEventType } from './observing/events.ts'
export type {
  FleetCounts,
  FleetInvalidation,
  FleetMember,
  FleetState,
  FleetStatus,
  ManagedFleet,
  MemberView,
  ServiceReport,
  SharedCircuitView,
} from './fleet.ts'
export type { LatencySummary } from './observing/latency-histogram.ts'
export type {
  RejectionReason,
  RequestCounts,
  RequestFailure,
  RetryOutcome,
  ServiceMetrics,
} from './observing/service-metrics.ts'
export type { MethodPath } from './options/method-path.ts'
export type { MethodPolicies, MethodPolicy, MethodSettings } from './options/method-policies.ts'
export type { RetryBudget, RetryPolicy, RetrySettings } from './options/retry-policy.ts'
export type { RetryBudgetStatus } from './calls/retry-allowance.ts'
export type { CallSettings } from './options/call-policies.ts'
export type { CircuitSettings, CircuitStatus, ServiceSettings, ServiceStatus } from './service-status.ts'
export type { CacheStatus } from './instances/cache-slot.ts'
export type { Cause, CircuitSnapshot, CircuitState } from './circuit/state-machine.ts'
export type { CircuitHold, SharedCircuit } from './circuit/circuit.ts'

export {
  CapacityError,
  CircuitOpenError,
  type ErrorCode,
  InvalidOptionError,
  isSvcproxyError,
  ServiceTimeoutError,
  ServiceUnavailableError,
  StoppedError,
  SvcproxyError,
  UnknownServiceError,
} from './errors.ts'
