// For authors of breaker adapters, framework bindings, exporters and contract suites. Applications do not need it.
export { type CallerSource, servicesFor } from './services-for.ts'
export { type AbortListener, type AbortSource, toAbortSignal } from './attempts/abort-source.ts'

export type { Attempt, AttemptContext, AttemptEnd, Outcome } from './attempts/attempt.ts'
export type { AttemptObserver } from './attempts/deadline.ts'
export type { Admission, BreakerContext, BreakerFactory, CircuitBreaker } from './circuit/breaker.ts'
export { Circuit, type CircuitOptions } from './circuit/circuit.ts'
export {
  DEFAULT_CIRCUIT_POLICY,
  type GivenCircuitPolicy,
  type ResolvedCircuitPolicy,
  type ResolvedRate,
  resolveCircuitPolicy,
} from './circuit/policy.ts'
export {
  type CircuitObserver,
  CircuitStateMachine,
  type CircuitTransition,
  type Held,
  type Permit,
} from './circuit/state-machine.ts'
export { admitsAllCalls } from './service-status.ts'
export { atMost } from './at-most.ts'
export { systemClock } from './clock.ts'

export { attachFleet, isFleetHealthy } from './fleet.ts'
export type { CallOutcome, CallSource, CallTrace } from './observing/call-trace.ts'
export type { LoadTrace } from './observing/load-trace.ts'
