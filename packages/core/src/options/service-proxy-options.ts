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
 * Gives an answer in place of the service's, or throws an error of its own.
 * @param error what went wrong
 * @param context its signal aborts at the fallback's own deadline, or when the caller gives up
 */
export type Fallback<R> = (error: unknown, context: CallContext) => R | PromiseLike<R>

/** How a proxy treats its service; what a manager takes as defaults for all of them. Times are in milliseconds. */
export interface ProxySettings {
  /** Makes the circuit breaker, for example `opossumBreaker()`. @defaultValue none: no circuit */
  readonly breaker?: BreakerFactory
  /** The circuit's policy, or false for a proxy without circuit. @defaultValue the pattern's policy, if there is a breaker */
  readonly circuit?: CircuitPolicy | false
  /**
   * The deadline of each attempt, in milliseconds, with a circuit or without: of a call, a load, a health check.
   * @defaultValue 5 000  @throws {@link InvalidOptionError} when not in 1 … 2 147 483 647
   */
  readonly timeoutMs?: number
  /**
   * The deadline of a fallback, in milliseconds: past it the caller gets the first error.
   * @defaultValue `timeoutMs`  @throws {@link InvalidOptionError} when not in 1 … 2 147 483 647
   */
  readonly fallbackTimeoutMs?: number
  /** How long a loaded instance is fresh, in milliseconds; 0 = never cache, `Infinity` = until invalidated. @defaultValue 300 000 */
  readonly cacheTtlMs?: number
  /** The part of the TTL, 0 … 1, that chance may take off, so that a fleet does not expire in step. @defaultValue 0.1 */
  readonly cacheTtlJitterRatio?: number
  /** How long after its end an instance is still served while a new one is loaded in the background, in milliseconds. @defaultValue 0 */
  readonly staleWhileRevalidateMs?: number
  /** How long after its end an instance is still served when loading a new one fails, in milliseconds. @defaultValue 0 */
  readonly staleIfErrorMs?: number
  /**
   * The first back-off after a failed load, in milliseconds; it doubles with each further one, up to a quarter of the time
   * for which loads have failed. 0 = none. @defaultValue 100
   */
  readonly backoffInitialMs?: number
  /** The longest back-off after a failed load, in milliseconds. @defaultValue 5 000 */
  readonly backoffMaxMs?: number
  /**
   * How long an owned instance lives on after it was replaced and nothing runs on it any more, in milliseconds: for
   * whoever still uses what `get()` or a call gave. Streams and async iterables that are being read keep it longer.
   * @defaultValue 30 000
   */
  readonly disposeGraceMs?: number
  /**
   * Calls that may run at once; one more is refused with {@link CapacityError}, unless it is a trial of the circuit. A call
   * that was given up keeps its place until its work has ended, or until a call that began after it succeeds.
   * @defaultValue Infinity
   */
  readonly maxConcurrentCalls?: number
  /**
   * Calls that may wait for one of `maxConcurrentCalls` to end, in the order they came; 0 = none, one too many is refused.
   * Who waits is refused when the circuit opens, and after `requestTimeoutMs`, or without that after the call's deadline.
   * @defaultValue 0  @throws {@link InvalidOptionError} when no integer in 0 … 1 000 000, or without `maxConcurrentCalls`
   */
  readonly maxQueuedCalls?: number
  /**
   * How long a request may take with all that belongs to it, in milliseconds: the wait in the queue, the load of the
   * instance, all attempts and the waits between them. An attempt that it cuts short has timed out.
   * @defaultValue none: each part has its own deadline  @throws {@link InvalidOptionError} when not in 1 … 2 147 483 647, or too short for the waits of `retry`
   */
  readonly requestTimeoutMs?: number
  /** How calls are tried again for which `methods` or the call itself asks for it. Alone it retries nothing. @defaultValue as {@link RetryPolicy} says */
  readonly retry?: RetryPolicy
  /** How many retries the service gets at most. @defaultValue a fifth of the calls, and one a second */
  readonly retryBudget?: RetryBudget
  /** How often to check the service's health in the background, in milliseconds; 0 = not. @defaultValue 0 */
  readonly healthIntervalMs?: number
  /**
   * Whether the application is not ready without this service. A health check then loads it if it was not loaded, so that
   * it is known whether it can be had. @defaultValue false
   */
  readonly critical?: boolean
  /** A security service: the age of a cached instance also respects the wall clock, as after a suspension. @defaultValue false */
  readonly security?: boolean
  /**
   * Told of transitions: of the circuit, of the service's health, the end of the proxy. Never of a single request, and
   * never of an argument, an answer or an error's message. A pino logger will do. @defaultValue silent
   */
  readonly logger?: Logger
  /** What tells the time and sets timers; tests give one that they move by hand. @defaultValue the process's clock */
  readonly clock?: Clock
  /** Gives numbers in 0 … 1 for jitter. @defaultValue Math.random */
  readonly random?: () => number
}

/** What one proxy is made from. */
export interface ServiceProxyOptions<T> extends ProxySettings {
  /** Where the service comes from. */
  readonly provider: ServiceProvider<T>
  /**
   * Gives a substitute when the service cannot be had or a call on it fails: a failed `get()` resolves to it, a failed
   * call is made on it. Not asked when the caller aborted.
   */
  readonly fallback?: Fallback<T>
  /**
   * What is different for single methods, by their paths: `{ find: { timeoutMs: 200 }, 'reports.create': { timeoutMs: 60_000 } }`.
   * @defaultValue nothing  @throws {@link InvalidOptionError}; as a rejection, when the service turns out not to have the method
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

/** @throws {@link InvalidOptionError} naming the option, its bounds and what was received */
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

/** What becomes of a healthy instance at the end of its TTL: what its provider says, where that is heeded. */
export function renewOf<T>({
  provider,
  security,
}: Pick<ResolvedServiceProxyOptions<T>, 'provider' | 'security'>): 'check' | 'replace' {
  return provider.ownership === 'owned' && provider.renew === 'check' && !security ? 'check' : 'replace'
}

/** Settings over defaults; a policy goes over a policy field by field. */
export function mergeSettings<S extends ProxySettings>(defaults: ProxySettings, settings: S): S {
  const merged = { ...defaults, ...settings }
  return { ...merged, ...policiesOver(defaults, settings) }
}

const POLICIES = ['circuit', 'retry', 'retryBudget'] as const satisfies readonly (keyof ProxySettings)[]

/** Those of which both say something. */
function policiesOver(defaults: ProxySettings, settings: ProxySettings): Partial<ProxySettings> {
  const both = POLICIES.filter((name) => isObject(defaults[name]) && isObject(settings[name]))
  return Object.fromEntries(both.map((name) => [name, Object.assign({}, defaults[name], settings[name])]))
}

/**
 * Checks the defaults of a manager before any service has them.
 * @throws {@link InvalidOptionError}
 */
export function checkSettings(defaults: ProxySettings): void {
  checkOptionNames('options', defaults, SETTINGS)
  const provider = { serviceName: 'defaults', getService: () => 0, checkHealth: () => true }
  // What a queue needs may be said by each service.
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
      'left out: the deadline is `timeoutMs`, beside `circuit`',
      misplaced,
    )
  }
  // Where the library's own rules decide, ours does not unless it is asked for.
  const decided = breaker.decides === true ? { failureThreshold: Infinity, ...defined(policy) } : policy
  // Chance has a part in growing openings alone.
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
