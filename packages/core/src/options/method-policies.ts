import { types } from 'node:util'
import { DeadlineQueue } from '../attempts/deadline.ts'
import { MAX_TIMER_MS } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { InvalidOptionError } from '../errors.ts'
import { isObject } from '../is-object.ts'
import { checkFunctionOption, checkOptionNames, numberOption } from '../option-checks.ts'
import { SERVICE_ITSELF } from './method-path.ts'
import type { MethodPath } from './method-path.ts'

/** How calls of one method differ from those of the others. */
export interface MethodPolicy {
  /**
   * The deadline of its calls, in milliseconds. What a caller says itself goes before.
   * @defaultValue the service's `timeoutMs`  @throws {@link InvalidOptionError} when not in 1 … 2 147 483 647
   */
  readonly timeoutMs?: number
  /** Which of its errors say that the service is unwell: {@link CircuitPolicy.isFailure}. @defaultValue the circuit's; every error without a circuit */
  readonly isFailure?: (error: unknown) => boolean
}

/** Policies by the paths of the service's methods. */
export type MethodPolicies<T> = { readonly [P in MethodPath<T>]?: MethodPolicy }

/** All policies of a service's methods, checked. */
export class ResolvedMethods {
  readonly #policies: ReadonlyMap<string, MethodPolicy>
  #queues: DeadlineQueue[] = []

  private constructor(policies: ReadonlyMap<string, MethodPolicy>) {
    this.#policies = policies
  }

  /** Undefined: nothing is said of any method. @throws {@link InvalidOptionError} */
  static of(methods: Readonly<Record<string, MethodPolicy | undefined>> | undefined): ResolvedMethods | undefined {
    if (methods === undefined) return undefined
    if (typeof methods !== 'object' || methods === null) throw new InvalidOptionError('methods', 'an object', methods)
    const policies = new Map<string, MethodPolicy>()
    for (const [path, policy] of Object.entries(methods)) {
      if (policy !== undefined) policies.set(path, resolvePolicy(`methods.${path}`, policy))
    }
    return policies.size === 0 ? undefined : new ResolvedMethods(policies)
  }

  policyOf(path: string): MethodPolicy | undefined {
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
      [...this.#policies].map(([path, { timeoutMs, isFailure }]) => [
        path,
        { timeoutMs, hasIsFailure: isFailure !== undefined },
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
}

function resolvePolicy(option: string, policy: MethodPolicy): MethodPolicy {
  checkOptionNames(option, policy, ['timeoutMs', 'isFailure'])
  const { timeoutMs, isFailure } = policy
  checkFunctionOption(`${option}.isFailure`, isFailure)
  checkTimeout(`${option}.timeoutMs`, timeoutMs)
  return Object.freeze({ ...(timeoutMs !== undefined && { timeoutMs }), ...(isFailure !== undefined && { isFailure }) })
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
