import type { BreakerFactory } from '../circuit/breaker.ts'
import { DEFAULT_CIRCUIT_POLICY, POLICY_OPTIONS, resolveCircuitPolicy } from '../circuit/policy.ts'
import type { CircuitPolicy, ResolvedCircuitPolicy } from '../circuit/policy.ts'
import { MAX_TIMER_MS, systemClock } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { InvalidOptionError } from '../errors.ts'
import type { CallContext } from '../attempts/attempt.ts'
import { booleanOption, checkFunctionOption, checkOptionNames, numberOption } from '../option-checks.ts'
import { isObject } from '../is-object.ts'
import { resolveCallPolicies } from './call-policies.ts'
import type { ResolvedCallPolicies } from './call-policies.ts'
import type { MethodPolicies } from './method-policies.ts'
import type { RetryBudget, RetryPolicy } from './retry-policy.ts'
import type { ServiceProvider } from '../providers/service-provider.ts'
import type { Logger } from '../observing/transition-log.ts'

/**
 * Answers instead of the service, or throws an error of its own.
 * @param error the error of the service
 * @param context its signal aborts at the fallback's own deadline, or when the caller aborts
 */
export type Fallback<R> = (error: unknown, context: CallContext) => R | PromiseLike<R>

/**
 * How a proxy treats its service. A manager takes the same settings as defaults for all its proxies. Durations are in
 * milliseconds.
 */
export interface ProxySettings {
  /** Creates the circuit breaker, for example `opossumBreaker()`. @defaultValue none: no circuit */
  readonly breaker?: BreakerFactory
  /**
   * The policy of the circuit, or false for a proxy without a circuit.
   * @defaultValue the default policy, if there is a `breaker`
   */
  readonly circuit?: CircuitPolicy | false
  /**
   * The deadline of each attempt, in milliseconds, with or without a circuit: of a call, a load, a health check.
   * @defaultValue 5 000  @throws {@link InvalidOptionError} when not in 1 … 2 147 483 647
   */
  readonly timeoutMs?: number
  /**
   * The deadline of a fallback, in milliseconds. When it passes, the caller gets the error of the service.
   * @defaultValue `timeoutMs`  @throws {@link InvalidOptionError} when not in 1 … 2 147 483 647
   */
  readonly fallbackTimeoutMs?: number
  /**
   * How long a loaded instance is fresh, in milliseconds; 0: never cached, `Infinity`: until invalidated.
   * @defaultValue 300 000  @throws {@link InvalidOptionError} when negative
   */
  readonly cacheTtlMs?: number
  /**
   * The share of the TTL, 0 … 1, that random jitter may take off, so that the processes of a fleet do not expire in
   * step.
   * @defaultValue 0.1  @throws {@link InvalidOptionError} when not in 0 … 1
   */
  readonly cacheTtlJitterRatio?: number
  /**
   * How long an instance is still served after its end while a new one is loaded in the background, in milliseconds.
   * @defaultValue 0  @throws {@link InvalidOptionError} when negative
   */
  readonly staleWhileRevalidateMs?: number
  /**
   * How long an instance is still served after its end if loading a new one fails, in milliseconds.
   * @defaultValue 0  @throws {@link InvalidOptionError} when negative
   */
  readonly staleIfErrorMs?: number
  /**
   * The longest back-off after the first failed load, in milliseconds. It doubles with each further failure, up to a
   * quarter of the time for which loads have failed; the actual back-off is a random time up to that (full jitter). 0:
   * none.
   * @defaultValue 100  @throws {@link InvalidOptionError} when not in 0 … 2 147 483 647
   */
  readonly backoffInitialMs?: number
  /**
   * The longest back-off after any failed load, in milliseconds.
   * @defaultValue 5 000  @throws {@link InvalidOptionError} when not in 0 … 2 147 483 647
   */
  readonly backoffMaxMs?: number
  /**
   * How long an owned instance is kept after it was replaced and its last call ended, in milliseconds: for code that
   * still uses what `get()` or a call returned. Streams and async iterables that are being read keep it longer.
   * @defaultValue 30 000  @throws {@link InvalidOptionError} when not in 0 … 2 147 483 647
   */
  readonly disposeGraceMs?: number
  /**
   * Calls that may be in flight at once. One more is queued if `maxQueuedCalls` allows it; otherwise it is rejected
   * with {@link CapacityError}, unless it is a trial of the circuit. A call that timed out or was aborted keeps its
   * slot until its work has ended, or until a call that began after it succeeds.
   * @defaultValue Infinity  @throws {@link InvalidOptionError} when less than 1
   */
  readonly maxConcurrentCalls?: number
  /**
   * Calls that may be queued when `maxConcurrentCalls` are in flight, first in, first out; 0: none, one more is
   * rejected. A queued call is rejected when the circuit opens, and after `requestTimeoutMs`, or without that after the
   * call's deadline.
   * @defaultValue 0
   * @throws {@link InvalidOptionError} when not an integer in 0 … 1 000 000, or without `maxConcurrentCalls`
   */
  readonly maxQueuedCalls?: number
  /**
   * The deadline of a whole request, in milliseconds: the wait in the queue, the load of the instance, all attempts and
   * the waits between them. An attempt that it cuts short has timed out.
   * @defaultValue none: each part has its own deadline
   * @throws {@link InvalidOptionError} when not in 1 … 2 147 483 647, or too short for the waits of `retry`
   */
  readonly requestTimeoutMs?: number
  /**
   * How calls are retried. It retries nothing by itself: `methods` or the options of a call have to ask for it.
   * @defaultValue the defaults of {@link RetryPolicy}
   */
  readonly retry?: RetryPolicy
  /** How many retries the service gets at most. @defaultValue a fifth of the retryable calls, plus one per second */
  readonly retryBudget?: RetryBudget
  /**
   * How often to check the service's health in the background, in milliseconds; 0: never.
   * @defaultValue 0  @throws {@link InvalidOptionError} when not in 0 … 2 147 483 647
   */
  readonly healthIntervalMs?: number
  /**
   * Whether the application is not ready without this service. A health check then also loads it if it is not loaded,
   * to find out whether it is available.
   * @defaultValue false
   */
  readonly critical?: boolean
  /**
   * Marks a security service: the age of its cached instance also follows the wall clock, which goes on while the
   * machine sleeps.
   * @defaultValue false
   */
  readonly security?: boolean
  /**
   * Logs transitions: of the circuit, of the service's health, the stop of the proxy. Never a single request, and never
   * an argument, a result or an error's message. A pino logger will do.
   * @defaultValue no logging
   */
  readonly logger?: Logger
  /** Tells the time and sets timers; tests pass one that they move by hand. @defaultValue the clock of the process */
  readonly clock?: Clock
  /** Returns random numbers in 0 … 1 for jitter. @defaultValue Math.random */
  readonly random?: () => number
}

/** The options of one proxy. */
export interface ServiceProxyOptions<T> extends ProxySettings {
  /** Where the service comes from. */
  readonly provider: ServiceProvider<T>
  /**
   * Returns a substitute when the service is unavailable or a call on it fails: a failed `get()` resolves to it, a
   * failed call is made on it. Not called when the caller aborted.
   */
  readonly fallback?: Fallback<T>
  /**
   * Settings of single methods, by path: `{ find: { timeoutMs: 200 }, 'reports.create': { timeoutMs: 60_000 } }`.
   * @defaultValue none
   * @throws {@link InvalidOptionError}; as a rejection, when the service turns out not to have the method
   */
  readonly methods?: MethodPolicies<T>
}

/** {@link ServiceProxyOptions} with defaults filled in and bounds checked. */
export interface ResolvedServiceProxyOptions<T> {
  readonly provider: ServiceProvider<T>
  readonly fallback: Fallback<T> | undefined
  readonly calls: ResolvedCallPolicies
  /** Undefined: no circuit. */
  readonly circuit: { readonly breaker: BreakerFactory; readonly policy: ResolvedCircuitPolicy } | undefined
  readonly timeoutMs: number
  readonly fallbackTimeoutMs: number
  readonly cacheTtlMs: number
  readonly cacheTtlJitterRatio: number
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
  readonly backoffInitialMs: number
  readonly backoffMaxMs: number
  readonly disposeGraceMs: number
  readonly healthIntervalMs: number
  readonly critical: boolean
  readonly security: boolean
  readonly logger: Logger | undefined
  readonly clock: Clock
  readonly random: () => number
}

const SETTINGS = [
  'breaker',
  'circuit',
  'timeoutMs',
  'fallbackTimeoutMs',
  'cacheTtlMs',
  'cacheTtlJitterRatio',
  'staleWhileRevalidateMs',
  'staleIfErrorMs',
  'backoffInitialMs',
  'backoffMaxMs',
  'disposeGraceMs',
  'maxConcurrentCalls',
  'maxQueuedCalls',
  'requestTimeoutMs',
  'retry',
  'retryBudget',
  'healthIntervalMs',
  'critical',
  'security',
  'logger',
  'clock',
  'random',
] as const satisfies readonly (keyof ProxySettings)[]

const UNBOUNDED_MS = { min: 0, max: Infinity }
const TIMER_MS = { min: 0, max: MAX_TIMER_MS }

/** @throws {@link InvalidOptionError} naming the option, its bounds and the received value */
export function resolveServiceProxyOptions<T>(options: ServiceProxyOptions<T>): ResolvedServiceProxyOptions<T> {
  checkOptionNames('options', options, [...SETTINGS, 'provider', 'fallback', 'methods'])
  const { provider, fallback, logger, clock = systemClock, random = Math.random } = options
  checkProvider(provider)
  checkLogger(logger)
  checkFunctionOption('fallback', fallback)
  checkFunctionOption('random', random)
  if (typeof clock?.now !== 'function') throw new InvalidOptionError('clock', 'a Clock', clock)
  const circuit = resolveCircuit(options)
  const timeoutMs = circuit?.policy.timeoutMs ?? resolveTimeout(options)
  return {
    provider,
    fallback,
    calls: resolveCallPolicies(options),
    circuit,
    timeoutMs,
    fallbackTimeoutMs: numberOption(
      'fallbackTimeoutMs',
      options.fallbackTimeoutMs,
      { min: 1, max: MAX_TIMER_MS },
      timeoutMs,
    ),
    cacheTtlMs: numberOption('cacheTtlMs', options.cacheTtlMs, UNBOUNDED_MS, 300_000),
    cacheTtlJitterRatio: numberOption('cacheTtlJitterRatio', options.cacheTtlJitterRatio, { min: 0, max: 1 }, 0.1),
    staleWhileRevalidateMs: numberOption('staleWhileRevalidateMs', options.staleWhileRevalidateMs, UNBOUNDED_MS, 0),
    staleIfErrorMs: numberOption('staleIfErrorMs', options.staleIfErrorMs, UNBOUNDED_MS, 0),
    backoffInitialMs: numberOption('backoffInitialMs', options.backoffInitialMs, TIMER_MS, 100),
    backoffMaxMs: numberOption('backoffMaxMs', options.backoffMaxMs, TIMER_MS, 5_000),
    disposeGraceMs: numberOption('disposeGraceMs', options.disposeGraceMs, TIMER_MS, 30_000),
    healthIntervalMs: numberOption('healthIntervalMs', options.healthIntervalMs, TIMER_MS, 0),
    critical: booleanOption('critical', options.critical, false),
    security: booleanOption('security', options.security, false),
    logger,
    clock,
    random,
  }
}

/** What happens to a healthy instance at the end of its TTL: as its provider says, where that applies. */
export function renewOf<T>({
  provider,
  security,
}: Pick<ResolvedServiceProxyOptions<T>, 'provider' | 'security'>): 'check' | 'replace' {
  return provider.ownership === 'owned' && provider.renew === 'check' && !security ? 'check' : 'replace'
}

/** Settings over defaults; policies are merged field by field. */
export function mergeSettings<S extends ProxySettings>(defaults: ProxySettings, settings: S): S {
  const merged = { ...defaults, ...settings }
  return { ...merged, ...policiesOver(defaults, settings) }
}

const POLICIES = ['circuit', 'retry', 'retryBudget'] as const satisfies readonly (keyof ProxySettings)[]

/** The policies that both of them set. */
function policiesOver(defaults: ProxySettings, settings: ProxySettings): Partial<ProxySettings> {
  const both = POLICIES.filter((name) => isObject(defaults[name]) && isObject(settings[name]))
  return Object.fromEntries(both.map((name) => [name, Object.assign({}, defaults[name], settings[name])]))
}

/**
 * Checks the defaults of a manager before a service uses them.
 * @throws {@link InvalidOptionError}
 */
export function checkSettings(defaults: ProxySettings): void {
  checkOptionNames('options', defaults, SETTINGS)
  const provider = { serviceName: 'defaults', getService: () => 0, checkHealth: () => true }
  // Each service may set what a queue needs.
  const places = defaults.maxQueuedCalls === undefined ? {} : { maxConcurrentCalls: 1 }
  resolveServiceProxyOptions({ ...places, ...defaults, provider })
}

function resolveCircuit(options: ProxySettings): ResolvedServiceProxyOptions<unknown>['circuit'] {
  const { breaker, circuit, timeoutMs, random } = options
  checkFunctionOption('breaker', breaker)
  if (circuit === false) return undefined
  if (breaker === undefined) {
    if (circuit === undefined) return undefined
    throw new InvalidOptionError(
      'circuit',
      'left out, because there is no breaker to run it. Install @svcproxy/breaker-opossum and opossum, ' +
        'then pass { breaker: opossumBreaker() }; or @svcproxy/breaker-native and { breaker: nativeBreaker() }',
      circuit,
    )
  }
  const policy = circuit ?? {}
  checkOptionNames('circuit', policy, POLICY_OPTIONS)
  const misplaced: unknown = Reflect.get(policy, 'timeoutMs')
  if (misplaced !== undefined) {
    throw new InvalidOptionError(
      'circuit.timeoutMs',
      'left out: set the option `timeoutMs` next to `circuit` instead',
      misplaced,
    )
  }
  // If the library decides by its own rules, ours apply only if they are set.
  const decided = breaker.decides === true ? { failureThreshold: Infinity, ...defined(policy) } : policy
  // Only growing openings use random numbers.
  const chance = policy.recoveryBackoff === undefined ? undefined : random
  const given = timeoutMs === undefined && chance === undefined ? decided : { ...decided, timeoutMs, random: chance }
  return { breaker, policy: resolveCircuitPolicy(given) }
}

function defined(policy: CircuitPolicy): CircuitPolicy {
  return Object.fromEntries(Object.entries(policy).filter(([, given]) => given !== undefined))
}

function resolveTimeout({ timeoutMs }: ProxySettings): number {
  return numberOption('timeoutMs', timeoutMs, { min: 1, max: MAX_TIMER_MS }, DEFAULT_CIRCUIT_POLICY.timeoutMs)
}

function checkLogger(logger: unknown): void {
  if (logger === undefined) return
  for (const level of ['info', 'warn']) {
    const found: unknown = typeof logger === 'object' && logger !== null ? Reflect.get(logger, level) : logger
    if (typeof found !== 'function') throw new InvalidOptionError(`logger.${level}`, 'a function', found)
  }
}

function checkProvider(provider: unknown): void {
  if (typeof provider !== 'object' || provider === null) {
    throw new InvalidOptionError('provider', 'a ServiceProvider', provider)
  }
  const renew: unknown = Reflect.get(provider, 'renew')
  if (renew !== undefined && renew !== 'check' && renew !== 'replace') {
    throw new InvalidOptionError('provider.renew', "'check' or 'replace'", renew)
  }
  for (const method of ['getService', 'checkHealth']) {
    const found: unknown = Reflect.get(provider, method)
    if (typeof found !== 'function') throw new InvalidOptionError(`provider.${method}`, 'a function', found)
  }
}
