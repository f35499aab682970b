import { MAX_TIMER_MS } from '../clock.ts'
import { InvalidOptionError } from '../errors.ts'
import { checkFunctionOption, checkOptionNames, numberOption, oneOfOption, requiredNumber } from '../option-checks.ts'

/** A rolling window over the latest calls, and how many calls it needs. */
export interface RateWindow {
  /**
   * The circuit does not open while the window has fewer calls.
   * @defaultValue 20, or `windowCalls` if that is less
   * @throws {@link InvalidOptionError} when not an integer in 1 … 1 000 000, or more than `windowCalls`
   */
  readonly minimumCalls?: number
  /**
   * The length of the window, in milliseconds; accurate to a tenth of it.
   * @defaultValue 10 000
   * @throws {@link InvalidOptionError} when not in 1 … 2 147 483 647, or given together with `windowCalls`
   */
  readonly windowMs?: number
  /**
   * The size of the window in calls, instead of a time.
   * @throws {@link InvalidOptionError} when not an integer in 1 … 1 000 000
   */
  readonly windowCalls?: number
}

/** Opens the circuit when a share of the calls failed: {@link CircuitPolicy.failureRate}. */
export interface FailureRate extends RateWindow {
  /** The share of failed calls at which the circuit opens. @throws {@link InvalidOptionError} when not in 0.001 … 1 */
  readonly ratio: number
}

/** Opens the circuit when a share of the calls was slow: {@link CircuitPolicy.slowCalls}. */
export interface SlowCalls extends RateWindow {
  /**
   * A call that takes this long is slow, in milliseconds.
   * @throws {@link InvalidOptionError} when not in 1 … 2 147 483 647, or not less than `timeoutMs`
   */
  readonly thresholdMs: number
  /** The share of slow calls at which the circuit opens. @throws {@link InvalidOptionError} when not in 0.001 … 1 */
  readonly ratio: number
}

/** How much longer each opening of a circuit lasts than the one before: {@link CircuitPolicy.recoveryBackoff}. */
export interface RecoveryBackoff {
  /**
   * The factor by which each further opening is longer.
   * @defaultValue 2  @throws {@link InvalidOptionError} when not in 1 … 100
   */
  readonly factor?: number
  /** The longest opening, in milliseconds. @defaultValue 300 000 @throws {@link InvalidOptionError} when not in `recoveryTimeoutMs` … 2 147 483 647 */
  readonly maxMs?: number
  /**
   * The share of an opening, 0 … 1, that random jitter may take off, so that the processes of a fleet do not retry in
   * step.
   * @defaultValue 0.1  @throws {@link InvalidOptionError} when not in 0 … 1
   */
  readonly jitterRatio?: number
}

/** When a circuit opens, how long it stays open, and what closes it again. */
export interface CircuitPolicy {
  /**
   * Consecutive failures that open the circuit; with `Infinity` no number of them does.
   * @defaultValue 5, or `Infinity` for a breaker that decides itself
   * @throws {@link InvalidOptionError} when neither an integer in 1 … 1 000 000 nor `Infinity`
   */
  readonly failureThreshold?: number
  /**
   * Opens the circuit when a share of the latest calls failed.
   * @defaultValue none: only consecutive failures open it
   */
  readonly failureRate?: FailureRate
  /**
   * Opens the circuit when a share of the latest calls was slow. A slow call that succeeds is not a failure: everywhere
   * else it counts as a success.
   * @defaultValue none
   */
  readonly slowCalls?: SlowCalls
  /**
   * How long an open circuit rejects calls before it becomes half-open and admits a trial call, in milliseconds.
   * @defaultValue 30 000  @throws {@link InvalidOptionError} when not in 1 … 2 147 483 647
   */
  readonly recoveryTimeoutMs?: number
  /**
   * Makes each opening last longer than the one before, until the circuit closes.
   * @defaultValue none: every opening lasts `recoveryTimeoutMs`
   */
  readonly recoveryBackoff?: RecoveryBackoff
  /**
   * Successful trial calls that close a half-open circuit.
   * @defaultValue 3  @throws {@link InvalidOptionError} when not an integer in 1 … 1 000 000
   */
  readonly successThreshold?: number
  /**
   * Trial calls that may be in flight at once while the circuit is half-open.
   * @defaultValue 1  @throws {@link InvalidOptionError} when not an integer in 1 … 1 000 000
   */
  readonly maxTrials?: number
  /**
   * How long after closing the circuit admits only a growing share of the calls, from a tenth to all, in milliseconds;
   * it rejects the others as an open circuit does. For a service that has just come back. 0: all calls at once.
   * @defaultValue 0  @throws {@link InvalidOptionError} when not in 0 … 2 147 483 647
   */
  readonly rampMs?: number
  /**
   * `observe`: the circuit decides, emits events and counts what it would have rejected, but rejects nothing. Use it to
   * try a policy in production. Isolating the circuit still rejects calls.
   * @defaultValue 'enforce'  @throws {@link InvalidOptionError} when it is neither 'enforce' nor 'observe'
   */
  readonly mode?: 'enforce' | 'observe'
  /**
   * Whether an error is a failure of the service. An error for which it returns false (a domain error, "not found") is
   * an answer like any other: it counts as a success, also of a trial. If it throws, the error counts as a failure.
   * @defaultValue every error
   */
  readonly isFailure?: (error: unknown) => boolean
}

/** A {@link RateWindow} with its defaults filled in. */
export type ResolvedRate = { readonly ratio: number; readonly minimumCalls: number } & (
  | { readonly windowMs: number }
  | { readonly windowCalls: number }
)

/** A {@link CircuitPolicy} with its defaults filled in and its bounds checked, and the deadline of its circuit. */
export interface ResolvedCircuitPolicy extends Required<
  Omit<CircuitPolicy, 'failureRate' | 'slowCalls' | 'recoveryBackoff'>
> {
  /** Undefined: the rule is off. */
  readonly failureRate: ResolvedRate | undefined
  /** Undefined: the rule is off. */
  readonly slowCalls: (ResolvedRate & { readonly thresholdMs: number }) | undefined
  /** Undefined: every opening lasts {@link CircuitPolicy.recoveryTimeoutMs}. */
  readonly recoveryBackoff: Required<RecoveryBackoff> | undefined
  /** The deadline of each attempt, in milliseconds: {@link ProxySettings.timeoutMs}. */
  readonly timeoutMs: number
  /** The random numbers for the jitter of growing openings: {@link ProxySettings.random}. */
  readonly random: () => number
}

/** A {@link CircuitPolicy} and the deadline of its circuit. What is undefined gets its default. */
export type GivenCircuitPolicy = { readonly [K in keyof CircuitPolicy]?: CircuitPolicy[K] | undefined } & {
  /** {@link ProxySettings.timeoutMs} */
  readonly timeoutMs?: number | undefined
  /** {@link ProxySettings.random} */
  readonly random?: (() => number) | undefined
}

/** The default policy. */
export const DEFAULT_CIRCUIT_POLICY: ResolvedCircuitPolicy = Object.freeze({
  failureThreshold: 5,
  failureRate: undefined,
  slowCalls: undefined,
  recoveryTimeoutMs: 30_000,
  recoveryBackoff: undefined,
  successThreshold: 3,
  maxTrials: 1,
  rampMs: 0,
  mode: 'enforce',
  isFailure: () => true,
  timeoutMs: 5_000,
  random: Math.random,
})

/** The option names that {@link resolveCircuitPolicy} accepts. */
export const POLICY_OPTIONS: readonly string[] = Object.keys(DEFAULT_CIRCUIT_POLICY)
const RATE_OPTIONS: readonly string[] = ['ratio', 'minimumCalls', 'windowMs', 'windowCalls']
const COUNT = { min: 1, max: 1_000_000, integer: true }
const RATIO = { min: 0.001, max: 1 }
const DURATION_MS = { min: 1, max: MAX_TIMER_MS }

/**
 * Fills in the defaults. The given object is neither kept nor changed.
 * @throws {@link InvalidOptionError} naming the option, its bounds and the received value
 */
export function resolveCircuitPolicy(policy: GivenCircuitPolicy = {}): ResolvedCircuitPolicy {
  checkOptionNames('circuit', policy, POLICY_OPTIONS)
  // Most services set nothing: they share the default policy.
  if (Object.values(policy).every((given) => given === undefined)) return DEFAULT_CIRCUIT_POLICY
  checkFunctionOption('circuit.isFailure', policy.isFailure)
  const defaults = DEFAULT_CIRCUIT_POLICY
  const timeoutMs = numberOption('timeoutMs', policy.timeoutMs, DURATION_MS, defaults.timeoutMs)
  const recoveryTimeoutMs = numberOption(
    'circuit.recoveryTimeoutMs',
    policy.recoveryTimeoutMs,
    DURATION_MS,
    defaults.recoveryTimeoutMs,
  )
  return Object.freeze({
    failureThreshold: thresholdOption(policy.failureThreshold),
    failureRate: unlessLeftOut(policy.failureRate, resolveFailureRate),
    slowCalls: unlessLeftOut(policy.slowCalls, (slowCalls) => resolveSlowCalls(slowCalls, timeoutMs)),
    recoveryTimeoutMs,
    recoveryBackoff: unlessLeftOut(policy.recoveryBackoff, (backoff) => resolveBackoff(backoff, recoveryTimeoutMs)),
    successThreshold: numberOption(
      'circuit.successThreshold',
      policy.successThreshold,
      COUNT,
      defaults.successThreshold,
    ),
    maxTrials: numberOption('circuit.maxTrials', policy.maxTrials, COUNT, defaults.maxTrials),
    rampMs: numberOption('circuit.rampMs', policy.rampMs, { min: 0, max: MAX_TIMER_MS }, defaults.rampMs),
    mode: oneOfOption('circuit.mode', policy.mode, ['enforce', 'observe'], defaults.mode),
    isFailure: policy.isFailure ?? defaults.isFailure,
    timeoutMs,
    random: policy.random ?? defaults.random,
  })
}

/** Only undefined means "not given": a null or a 0 is a mistake. */
function unlessLeftOut<V, R>(value: V | undefined, resolve: (value: V) => R): R | undefined {
  return value === undefined ? undefined : resolve(value)
}

function thresholdOption(failureThreshold: number | undefined): number {
  const option = 'circuit.failureThreshold'
  return failureThreshold === Infinity
    ? Infinity
    : numberOption(option, failureThreshold, COUNT, DEFAULT_CIRCUIT_POLICY.failureThreshold)
}

function resolveFailureRate(rate: FailureRate): ResolvedRate {
  checkOptionNames('circuit.failureRate', rate, RATE_OPTIONS)
  return resolveRate('circuit.failureRate', rate)
}

function resolveSlowCalls(slowCalls: SlowCalls, timeoutMs: number): ResolvedCircuitPolicy['slowCalls'] {
  const option = 'circuit.slowCalls'
  checkOptionNames(option, slowCalls, ['thresholdMs', ...RATE_OPTIONS])
  const thresholdMs = requiredNumber(`${option}.thresholdMs`, slowCalls.thresholdMs, DURATION_MS)
  if (thresholdMs >= timeoutMs) {
    throw new InvalidOptionError(
      `${option}.thresholdMs`,
      `less than timeoutMs (${timeoutMs}), because a call that takes longer times out`,
      thresholdMs,
    )
  }
  return Object.freeze({ thresholdMs, ...resolveRate(option, slowCalls) })
}

function resolveRate(option: string, rate: FailureRate): ResolvedRate {
  const ratio = requiredNumber(`${option}.ratio`, rate.ratio, RATIO)
  if (rate.windowCalls === undefined) {
    const windowMs = numberOption(`${option}.windowMs`, rate.windowMs, DURATION_MS, 10_000)
    return Object.freeze({
      ratio,
      minimumCalls: numberOption(`${option}.minimumCalls`, rate.minimumCalls, COUNT, 20),
      windowMs,
    })
  }
  if (rate.windowMs !== undefined) {
    throw new InvalidOptionError(
      `${option}.windowMs`,
      'left out when windowCalls is given: a window is counted in milliseconds or in calls',
      rate.windowMs,
    )
  }
  const windowCalls = numberOption(`${option}.windowCalls`, rate.windowCalls, COUNT, 0)
  const bounds = { ...COUNT, max: windowCalls }
  return Object.freeze({
    ratio,
    minimumCalls: numberOption(`${option}.minimumCalls`, rate.minimumCalls, bounds, Math.min(20, windowCalls)),
    windowCalls,
  })
}

function resolveBackoff(backoff: RecoveryBackoff, recoveryTimeoutMs: number): Required<RecoveryBackoff> {
  const option = 'circuit.recoveryBackoff'
  checkOptionNames(option, backoff, ['factor', 'maxMs', 'jitterRatio'])
  const bounds = { min: recoveryTimeoutMs, max: MAX_TIMER_MS }
  return Object.freeze({
    factor: numberOption(`${option}.factor`, backoff.factor, { min: 1, max: 100 }, 2),
    maxMs: numberOption(`${option}.maxMs`, backoff.maxMs, bounds, Math.max(300_000, recoveryTimeoutMs)),
    jitterRatio: numberOption(`${option}.jitterRatio`, backoff.jitterRatio, { min: 0, max: 1 }, 0.1),
  })
}
