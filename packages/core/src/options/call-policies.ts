import { MAX_TIMER_MS } from '../clock.ts'
import { InvalidOptionError } from '../errors.ts'
import { numberOption } from '../option-checks.ts'
import { ResolvedMethods } from './method-policies.ts'
import type { MethodSettings } from './method-policies.ts'
import { checkFits, DEFAULT_BUDGET, DEFAULT_RETRY, resolveBudget, resolveRetry, retrySettings } from './retry-policy.ts'
import type { ResolvedRetryPolicy, RetryBudget, RetrySettings } from './retry-policy.ts'
import type { ProxySettings, ServiceProxyOptions } from './service-proxy-options.ts'

/** How calls are treated, with defaults filled in. */
export interface CallSettings {
  /** The settings of single methods, by path. */
  readonly methods: Readonly<Record<string, MethodSettings>>
  /** How many calls may be in flight at once. */
  readonly maxConcurrentCalls: number
  /** How many calls may be queued when that many are in flight. */
  readonly maxQueuedCalls: number
  /** The deadline of a whole request, in milliseconds; undefined: only its parts have deadlines. */
  readonly requestTimeoutMs: number | undefined
  /** How calls are retried, if they are. */
  readonly retry: RetrySettings
  /** The limit for retries. */
  readonly retryBudget: Required<RetryBudget>
}

/** The same in the form that calls use. It is one object, because most services leave it unchanged and share it. */
export interface ResolvedCallPolicies extends Omit<CallSettings, 'methods' | 'retry'> {
  /** Undefined: no method has settings of its own. */
  readonly methods: ResolvedMethods | undefined
  readonly retry: ResolvedRetryPolicy
}

/** The options that it comes from. */
type CallOptionNames =
  | 'methods'
  | 'maxConcurrentCalls'
  | 'maxQueuedCalls'
  | 'requestTimeoutMs'
  | 'retry'
  | 'retryBudget'

const NOTHING_SPECIAL: ResolvedCallPolicies = Object.freeze({
  methods: undefined,
  maxConcurrentCalls: Infinity,
  maxQueuedCalls: 0,
  requestTimeoutMs: undefined,
  retry: DEFAULT_RETRY,
  retryBudget: DEFAULT_BUDGET,
})

/** @throws {@link InvalidOptionError} */
export function resolveCallPolicies<T>(options: Pick<ServiceProxyOptions<T>, CallOptionNames>): ResolvedCallPolicies {
  const { methods, maxConcurrentCalls, maxQueuedCalls, requestTimeoutMs, retry, retryBudget } = options
  const given = [methods, maxConcurrentCalls, maxQueuedCalls, requestTimeoutMs, retry, retryBudget]
  if (given.every((option) => option === undefined)) return NOTHING_SPECIAL
  const policy = resolveRetry('retry', retry, DEFAULT_RETRY)
  const timeMs =
    requestTimeoutMs === undefined
      ? undefined
      : numberOption('requestTimeoutMs', requestTimeoutMs, { min: 1, max: MAX_TIMER_MS }, 1)
  if (retry !== undefined) checkFits('retry', policy, timeMs)
  return {
    methods: ResolvedMethods.of(methods, policy, timeMs),
    ...resolveCapacity(options),
    requestTimeoutMs: timeMs,
    retry: policy,
    retryBudget: resolveBudget(retryBudget),
  }
}

function resolveCapacity(options: Pick<ProxySettings, 'maxConcurrentCalls' | 'maxQueuedCalls'>) {
  const places = { min: 1, max: Infinity }
  const maxConcurrentCalls = numberOption('maxConcurrentCalls', options.maxConcurrentCalls, places, Infinity)
  const waiting = { min: 0, max: 1_000_000, integer: true }
  const maxQueuedCalls = numberOption('maxQueuedCalls', options.maxQueuedCalls, waiting, 0)
  if (maxQueuedCalls > 0 && maxConcurrentCalls === Infinity) {
    throw new InvalidOptionError(
      'maxQueuedCalls',
      '0, or given together with maxConcurrentCalls, because without it no call has to wait',
      maxQueuedCalls,
    )
  }
  return { maxConcurrentCalls, maxQueuedCalls }
}

/** As plain values. */
export function callSettings({ methods, requestTimeoutMs, retry, ...others }: ResolvedCallPolicies): CallSettings {
  return { ...others, requestTimeoutMs, retry: retrySettings(retry), methods: methods?.settings ?? {} }
}
