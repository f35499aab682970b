import { MAX_TIMER_MS } from '../clock.ts'
import { checkFunctionOption, checkOptionNames, numberOption } from '../option-checks.ts'

/** When a circuit opens, how long it stays open, and what closes it again. */
export interface CircuitPolicy {
  /** Consecutive failures that open the circuit. @defaultValue 5 @throws {@link InvalidOptionError} when no integer in 1 … 1 000 000 */
  readonly failureThreshold?: number
  /** How long an open circuit rejects before it admits a trial call, in milliseconds. @defaultValue 30 000 @throws {@link InvalidOptionError} when not in 1 … 2 147 483 647 */
  readonly recoveryTimeoutMs?: number
  /** Successful trial calls that close the circuit. @defaultValue 3 @throws {@link InvalidOptionError} when no integer in 1 … 1 000 000 */
  readonly successThreshold?: number
  /** Trial calls that may be under way at once while half-open. @defaultValue 1 @throws {@link InvalidOptionError} when no integer in 1 … 1 000 000 */
  readonly maxTrials?: number
  /**
   * Which errors of an operation say that the service is unwell. An error for which it returns false (a domain error,
   * "not found") is an answer like any other: a success, also of a trial. When it throws, the error counts as a failure.
   * @defaultValue every error
   */
  readonly isFailure?: (error: unknown) => boolean
}

/** A {@link CircuitPolicy} with its defaults filled in and its bounds checked, and the deadline that its circuit keeps. */
export interface ResolvedCircuitPolicy extends Required<CircuitPolicy> {
  /** The deadline of each attempt, in milliseconds: {@link ProxySettings.timeoutMs}. */
  readonly timeoutMs: number
}

/** The pattern's defaults. */
export const DEFAULT_CIRCUIT_POLICY: ResolvedCircuitPolicy = Object.freeze({
  failureThreshold: 5,
  recoveryTimeoutMs: 30_000,
  successThreshold: 3,
  timeoutMs: 5_000,
  maxTrials: 1,
  isFailure: () => true,
})

/** The names that {@link resolveCircuitPolicy} knows. */
export const POLICY_OPTIONS: readonly string[] = Object.keys(DEFAULT_CIRCUIT_POLICY)
const COUNT = { min: 1, max: 1_000_000, integer: true }
const DURATION_MS = { min: 1, max: MAX_TIMER_MS }

/**
 * Fills in the defaults; the object it is given is neither kept nor changed.
 * @throws {@link InvalidOptionError} naming the option, its bounds and what was received
 */
export function resolveCircuitPolicy(policy: Partial<ResolvedCircuitPolicy> = {}): ResolvedCircuitPolicy {
  checkOptionNames('circuit', policy, POLICY_OPTIONS)
  // Most services say nothing: what nobody changes needs no copy of its own.
  if (Object.values(policy).every((given) => given === undefined)) return DEFAULT_CIRCUIT_POLICY
  checkFunctionOption('circuit.isFailure', policy.isFailure)
  const defaults = DEFAULT_CIRCUIT_POLICY
  return Object.freeze({
    failureThreshold: numberOption(
      'circuit.failureThreshold',
      policy.failureThreshold,
      COUNT,
      defaults.failureThreshold,
    ),
    recoveryTimeoutMs: numberOption(
      'circuit.recoveryTimeoutMs',
      policy.recoveryTimeoutMs,
      DURATION_MS,
      defaults.recoveryTimeoutMs,
    ),
    successThreshold: numberOption(
      'circuit.successThreshold',
      policy.successThreshold,
      COUNT,
      defaults.successThreshold,
    ),
    timeoutMs: numberOption('timeoutMs', policy.timeoutMs, DURATION_MS, defaults.timeoutMs),
    maxTrials: numberOption('circuit.maxTrials', policy.maxTrials, COUNT, defaults.maxTrials),
    isFailure: policy.isFailure ?? defaults.isFailure,
  })
}
