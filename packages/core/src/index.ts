export { type AbortListener, type AbortSource, toAbortSignal } from './abort-source.ts'
export type { Attempt, AttemptContext, AttemptEnd, CallContext, Outcome } from './attempt.ts'
export { Circuit, type CircuitOptions } from './circuit/circuit.ts'
export type { Admission, BreakerContext, BreakerFactory, CircuitBreaker } from './circuit/breaker.ts'
export {
  type CircuitPolicy,
  DEFAULT_CIRCUIT_POLICY,
  type ResolvedCircuitPolicy,
  resolveCircuitPolicy,
} from './circuit/policy.ts'
export {
  type CircuitSnapshot,
  type CircuitState,
  CircuitStateMachine,
  type CircuitTransition,
  type Permit,
} from './circuit/state-machine.ts'
export { callSignal } from './call-signal.ts'
export type { CallOutcome, CallSource, CallTrace } from './call-trace.ts'
export { type Clock, systemClock, type Timer } from './clock.ts'
export type { AttemptObserver } from './deadline.ts'
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
export type { Fallback } from './fallback.ts'
export { appStateProvider } from './providers/app-state.ts'
export { compositeProvider } from './providers/composite.ts'
export { type CreateContext, factoryProvider, type FactoryProviderOptions } from './providers/factory.ts'
export { type BorrowedProviderOptions, type RegistryLike, registryProvider } from './providers/registry.ts'
export type { ServiceProvider } from './service-provider.ts'
export { ServiceRegistry } from './service-registry.ts'
export { createServiceProxy, type CreateServiceProxyOptions } from './create-service-proxy.ts'
export type { ServiceEvent, ServiceEventListener, ServiceEventOf, ServiceEventType } from './events.ts'
export type { Guarded, GuardedMethod } from './guarded-service.ts'
export type { CacheStatus } from './instance-cache.ts'
export type { ServiceOperation } from './call-attempt.ts'
export type { LoadTrace } from './load-trace.ts'
export type { LatencySummary } from './metrics/latency-histogram.ts'
export type { RejectionReason, RequestCounts, RequestFailure, ServiceMetrics } from './metrics/service-metrics.ts'
export type { ProxySettings, ServiceProxyOptions } from './service-proxy-options.ts'
export type { CallerOptions, CallOptions, CheckHealthOptions, GetOptions, StopOptions } from './caller-options.ts'
export { ServiceProxy } from './service-proxy.ts'
export type { CircuitSettings, CircuitStatus, ServiceSettings, ServiceStatus } from './service-status.ts'
export type { Logger } from './transition-log.ts'
export {
  type GuardedServices,
  type HealthLevel,
  type HealthStatus,
  type HealthStatusOptions,
  type NoServices,
  type ServiceHealth,
  ServiceProxyManager,
} from './service-proxy-manager.ts'
