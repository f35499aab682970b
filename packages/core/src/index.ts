export type { Attempt, AttemptEnd, CallContext, Outcome } from './attempt.ts'
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
export { appStateProvider } from './providers/app-state.ts'
export { compositeProvider } from './providers/composite.ts'
export { factoryProvider, type FactoryProviderOptions } from './providers/factory.ts'
export { type BorrowedProviderOptions, type RegistryLike, registryProvider } from './providers/registry.ts'
export type { ServiceProvider } from './service-provider.ts'
export { ServiceRegistry } from './service-registry.ts'
