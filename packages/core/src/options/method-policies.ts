import { types } from 'node:util'
import { DeadlineQueue } from '../attempts/deadline.ts'
import { MAX_TIMER_MS } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { InvalidOptionError } from '../errors.ts'
import { isObject } from '../is-object.ts'
import { checkFunctionOption, checkOptionNames, numberOption } from '../option-checks.ts'
import { SERVICE_ITSELF } from './method-path.ts'
import type { MethodPath } from './method-path.ts'
import { checkFits, resolveRetryChoice, retrySettings } from './retry-policy.ts'
import type { ResolvedRetryPolicy, RetryPolicy, RetrySettings } from './retry-policy.ts'

/** Settings for the calls of one method. */
export interface MethodPolicy {
  /**
   * The deadline of its calls, in milliseconds. A caller's own `timeoutMs` takes precedence.
   * @defaultValue the service's `timeoutMs`  @throws {@link InvalidOptionError} when not in 1 … 2 147 483 647
   */
  readonly timeoutMs?: number
  /**
   * Which of its errors are failures of the service: {@link CircuitPolicy.isFailure}.
   * @defaultValue the circuit's; without a circuit every error
   */
  readonly isFailure?: (error: unknown) => boolean
  /**
   * Whether a failed call is retried: `true` for the service's `retry`, or a policy whose fields take precedence over
   * it. Only for methods that may be called twice, such as reads.
   * @defaultValue false  @throws {@link InvalidOptionError}
   */
  readonly retry?: boolean | RetryPolicy
}

/** A {@link MethodPolicy} with its retries resolved. */
export interface ResolvedMethodPolicy extends Omit<MethodPolicy, 'retry'> {
  /** Undefined: no retries. */
  readonly retry?: ResolvedRetryPolicy
}

/** The settings of a service's methods, by path. */
export type MethodPolicies<T> = { readonly [P in MethodPath<T>]?: MethodPolicy }

/** All policies of a service's methods, checked. */
export class ResolvedMethods {
  readonly #policies: ReadonlyMap<string, ResolvedMethodPolicy>
  #queues: DeadlineQueue[] = []

  private constructor(policies: ReadonlyMap<string, ResolvedMethodPolicy>) {
    this.#policies = policies
  }

  /** Undefined: no method has settings. @throws {@link InvalidOptionError} */
  static of(
    methods: Readonly<Record<string, MethodPolicy | undefined>> | undefined,
    retry: ResolvedRetryPolicy,
    requestTimeoutMs: number | undefined,
  ): ResolvedMethods | undefined {
    if (methods === undefined) return undefined
    if (typeof methods !== 'object' || methods === null) throw new InvalidOptionError('methods', 'an object', methods)
    const policies = new Map<string, ResolvedMethodPolicy>()
    for (const [path, given] of Object.entries(methods)) {
      if (given === undefined) continue
      const policy = resolvePolicy(`methods.${path}`, given, retry)
      if (policy.retry !== undefined) checkFits(`methods.${path}`, policy.retry, requestTimeoutMs)
      policies.set(path, policy)
    }
    return policies.size === 0 ? undefined : new ResolvedMethods(policies)
  }

  policyOf(path: string): ResolvedMethodPolicy | undefined {
    return this.#policies.get(path)
  }

  /** Joins the deadline queues of its methods, so that no call has to create one. */
  join(clock: Clock): void {
    const timeoutsMs = [...this.#policies.values()].flatMap(({ timeoutMs }) => timeoutMs ?? [])
    this.#queues = timeoutsMs.map((timeoutMs) => DeadlineQueue.join(clock, timeoutMs))
  }

  leave(): void {
    for (const queue of this.#queues.splice(0)) queue.leave()
  }

  /** As plain values. */
  get settings(): Readonly<Record<string, MethodSettings>> {
    return Object.fromEntries(
      [...this.#policies].map(([path, { timeoutMs, isFailure, retry }]) => [
        path,
        { timeoutMs, hasIsFailure: isFailure !== undefined, retry: retry !== undefined && retrySettings(retry) },
      ]),
    )
  }

  /**
   * A misspelt path is an error, not a policy that never applies.
   * @throws {@link InvalidOptionError} when `service` certainly lacks one of the methods
   */
  checkOn(service: unknown): void {
    for (const path of this.#policies.keys()) {
      const names = path === SERVICE_ITSELF ? [] : path.split('.')
      if (isMissing(service, names)) {
        throw new InvalidOptionError(
          `methods['${path}']`,
          'left out, or the path of a method that the service has',
          path,
        )
      }
    }
  }
}

/** The settings of a method; what is undefined is as for the service. */
export interface MethodSettings {
  /** The deadline of its calls, in milliseconds. */
  readonly timeoutMs: number | undefined
  /** Whether it has an `isFailure` of its own. */
  readonly hasIsFailure: boolean
  /** How its calls are retried; false: not at all. */
  readonly retry: RetrySettings | false
}

function resolvePolicy(option: string, policy: MethodPolicy, retryDefaults: ResolvedRetryPolicy): ResolvedMethodPolicy {
  checkOptionNames(option, policy, ['timeoutMs', 'isFailure', 'retry'])
  const { timeoutMs, isFailure } = policy
  const retry = resolveRetryChoice(`${option}.retry`, policy.retry, retryDefaults)
  checkFunctionOption(`${option}.isFailure`, isFailure)
  checkTimeout(`${option}.timeoutMs`, timeoutMs)
  return Object.freeze({
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(isFailure !== undefined && { isFailure }),
    ...(retry !== undefined && { retry }),
  })
}

/** @throws {@link InvalidOptionError} when it is not a valid deadline */
export function checkTimeout(option: string, timeoutMs: unknown): void {
  numberOption(option, timeoutMs, { min: 1, max: MAX_TIMER_MS }, 1)
}

/** Whether there certainly is no such method. No getter is run and no proxy asked: they may have anything. */
function isMissing(owner: unknown, names: readonly string[]): boolean {
  const [name, ...below] = names
  if (types.isProxy(owner)) return false
  if (name === undefined) return typeof owner !== 'function'
  for (let object: unknown = owner; isObject(object); object = Object.getPrototypeOf(object)) {
    if (types.isProxy(object)) return false
    const property = Object.getOwnPropertyDescriptor(object, name)
    if (property !== undefined) return property.get === undefined && isMissing(property.value, below)
  }
  return true
}
