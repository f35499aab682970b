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

/** How calls of one method differ from those of the others. */
export interface MethodPolicy {
  /**
   * The deadline of its calls, in milliseconds. What a caller says itself goes before.
   * @defaultValue the service's `timeoutMs`  @throws {@link InvalidOptionError} when not in 1 … 2 147 483 647
   */
  readonly timeoutMs?: number
  /** Which of its errors say that the service is unwell: {@link CircuitPolicy.isFailure}. @defaultValue the circuit's; every error without a circuit */
  readonly isFailure?: (error: unknown) => boolean
  /**
   * Whether a call of it that failed is tried again: `true` as the service's `retry` says, or a policy that goes over
   * that. Only for what may be done twice, as reading may. @defaultValue false @throws {@link InvalidOptionError}
   */
  readonly retry?: boolean | RetryPolicy
}

/** A {@link MethodPolicy} with its retries resolved. */
export interface ResolvedMethodPolicy extends Omit<MethodPolicy, 'retry'> {
  /** Undefined: not tried again. */
  readonly retry?: ResolvedRetryPolicy
}

/** Policies by the paths of the service's methods. */
export type MethodPolicies<T> = { readonly [P in MethodPath<T>]?: MethodPolicy }

/** All policies of a service's methods, checked. */
export class ResolvedMethods {
  readonly #policies: ReadonlyMap<string, ResolvedMethodPolicy>
  #queues: DeadlineQueue[] = []

  private constructor(policies: ReadonlyMap<string, ResolvedMethodPolicy>) {
    this.#policies = policies
  }

  /** Undefined: nothing is said of any method. @throws {@link InvalidOptionError} */
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

  /** Keeps the queues of its methods' deadlines, so that a call need not make one. */
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
   * @throws {@link InvalidOptionError} when `service` is sure not to have one of the methods
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

/** What is said of a method; undefined: as for the service. */
export interface MethodSettings {
  /** The deadline of its calls, in milliseconds. */
  readonly timeoutMs: number | undefined
  /** Whether it judges its errors itself. */
  readonly hasIsFailure: boolean
  /** How a call of it is tried again; false: it is not. */
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

/** @throws {@link InvalidOptionError} when it is no deadline */
export function checkTimeout(option: string, timeoutMs: unknown): void {
  numberOption(option, timeoutMs, { min: 1, max: MAX_TIMER_MS }, 1)
}

/** Whether nothing that can be called is there. No getter is run, and no proxy asked: they may have anything. */
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
