import {
  type BreakerFactory,
  type CallContext,
  CircuitOpenError,
  ServiceTimeoutError,
  StoppedError,
} from '@svcproxy/core'
import {
  type AttemptEnd,
  Circuit,
  type CircuitTransition,
  type GivenCircuitPolicy,
  resolveCircuitPolicy,
} from '@svcproxy/core/adapter'
import { expect } from 'vitest'
import { ManualClock } from '../manual-clock.ts'

/** The defaults of the policy, under the names that the contract cases use. */
export const F = 5
export const S = 3
export const R = 30_000
export const T = 5_000

/** The result of a call. */
export type Answer = { readonly value: unknown } | { readonly error: unknown }

/**
 * One call of the circuit under test. Unless another operation was given, its operation waits for `resolve` or
 * `reject`.
 */
export interface TestCall {
  /** Never rejects. */
  readonly answer: Promise<Answer>
  /** The ends that `settled` was called with: exactly one once it is answered. */
  readonly ends: readonly AttemptEnd[]
  /** How often its operation was run, and how often the end of a run was reported. */
  readonly runs: number
  readonly endings: number
  /** The argument of the operation. @throws when it did not run */
  readonly context: CallContext
  resolve(value?: unknown): void
  reject(error?: unknown): void
}

type Operation = (context: CallContext) => unknown

/** A circuit with the adapter under test and its own clock, and a record of everything that happened to it. */
export class CircuitHarness {
  readonly clock: ManualClock = new ManualClock()
  readonly transitions: CircuitTransition[] = []
  readonly circuit: Circuit
  /** Called after each transition is recorded. */
  onTransition: ((transition: CircuitTransition) => void) | undefined
  readonly #calls: Call[] = []
  readonly #own = new Set<unknown>()

  constructor(breaker: BreakerFactory, policy: GivenCircuitPolicy = {}, name: string = 'contract') {
    this.circuit = new Circuit({
      name,
      policy: resolveCircuitPolicy(policy),
      breaker,
      clock: this.clock,
      onTransition: (transition) => {
        this.transitions.push(transition)
        this.onTransition?.(transition)
      },
    })
  }

  get state(): string {
    return this.circuit.state
  }

  /** The states that were entered so far. */
  get entered(): string[] {
    return this.transitions.map(({ to }) => to)
  }

  /** Records that `error` is an operation's own; errors of promises are recorded automatically. */
  own(error: Error): Error {
    this.#own.add(error)
    return error
  }

  start(operation?: Operation, signal?: AbortSignal): TestCall {
    const call = new Call(this, operation, signal, this.#own)
    this.#calls.push(call)
    return call
  }

  async run(operation: Operation): Promise<Answer> {
    return this.start(operation).answer
  }

  async succeed(times: number = 1): Promise<void> {
    for (let count = 0; count < times; count++) expect(await this.run(() => 'value')).toEqual({ value: 'value' })
  }

  /** Makes calls whose operation fails; each must run and be answered with its own error. */
  async fail(times: number = 1): Promise<void> {
    for (let count = 0; count < times; count++) {
      const error = new Error('service failed')
      expect(errorOf(await this.run(() => Promise.reject(error)))).toBe(error)
    }
  }

  async trip(): Promise<void> {
    await this.fail(this.circuit.policy.failureThreshold)
    expect(this.state).toBe('open')
  }

  async halfOpen(): Promise<void> {
    await this.trip()
    this.clock.advance(this.circuit.policy.recoveryTimeoutMs)
    expect(this.state).toBe('half_open')
  }

  /** Expects a call to be rejected at once, without running its operation. */
  async expectRefused(): Promise<CircuitOpenError> {
    const call = this.start(() => 'ran')
    const error = errorOf(await call.answer)
    expect(error).toBeInstanceOf(CircuitOpenError)
    expect(call.runs).toBe(0)
    expect(call.ends).toEqual(['refused'])
    return error as CircuitOpenError
  }

  /** Checks what must hold after every history. */
  async verify(): Promise<void> {
    await this.clock.settle()
    for (const call of this.#calls) call.verify()
    let state: string = 'closed'
    for (const { from, to } of this.transitions) {
      expect(from, 'a transition starts where the last one ended').toBe(state)
      expect(to, 'a transition changes the state').not.toBe(from)
      state = to
    }
    this.circuit.dispose()
  }
}

class Call implements TestCall {
  readonly answer: Promise<Answer>
  readonly ends: AttemptEnd[] = []
  runs: number = 0
  endings: number = 0
  #context: CallContext | undefined
  #answer: Answer | undefined
  #toldError: unknown
  readonly #work: PromiseWithResolvers<unknown> = withResolvers()

  readonly #own: Set<unknown>

  constructor(
    { circuit, clock }: CircuitHarness,
    operation: Operation | undefined,
    signal: AbortSignal | undefined,
    own: Set<unknown>,
  ) {
    this.#own = own
    // A call that is rejected never uses it.
    this.#work.promise.catch(() => {})
    const promise = circuit.execute<unknown>({
      startedAt: clock.now(),
      signal,
      run: (context) => {
        this.runs++
        this.#context = context
        return operation === undefined ? this.#work.promise : this.#watch(operation, context)
      },
      settled: (end, error) => {
        this.ends.push(end)
        this.#toldError = error
        if (end === 'aborted') this.#own.add(signal?.reason)
      },
      ended: () => {
        this.endings++
      },
    })
    expect(promise).toBeInstanceOf(Promise)
    this.answer = promise.then(
      (value) => (this.#answer = { value }),
      (error: unknown) => (this.#answer = { error }),
    )
  }

  get context(): CallContext {
    if (this.#context === undefined) throw new Error('The operation did not run')
    return this.#context
  }

  resolve(value: unknown = 'value'): void {
    this.#work.resolve(value)
  }

  reject(error: unknown = new Error('service failed')): void {
    this.#own.add(error)
    this.#work.reject(error)
  }

  verify(): void {
    expect(this.runs, 'an operation runs once, or not at all when refused').toBe(this.ends[0] === 'refused' ? 0 : 1)
    expect(this.endings, 'no end of work is reported twice').toBeLessThanOrEqual(this.runs)
    if (this.#answer === undefined) {
      expect(this.ends, 'no settlement is reported before the answer').toEqual([])
      return
    }
    expect(this.ends, 'an answered call was settled once').toHaveLength(1)
    if ('value' in this.#answer) return
    const { error } = this.#answer
    expect(error, 'the settlement names the error the caller got').toBe(this.#toldError)
    const ours = [CircuitOpenError, ServiceTimeoutError, StoppedError].some((type) => error instanceof type)
    expect(ours || this.#own.has(error), `an error of the library leaked: ${String(error)}`).toBe(true)
  }

  /** Runs the operation and records the errors that are its own. */
  #watch(operation: Operation, context: CallContext): unknown {
    try {
      const result = operation(context)
      if (result instanceof Promise) void result.catch((error: unknown) => this.#own.add(error))
      return result
    } catch (error) {
      this.#own.add(error)
      throw error
    }
  }
}

/** The error with which a call was answered. Fails if it was answered with a value. */
export function errorOf(answer: Answer): unknown {
  expect(answer).toHaveProperty('error')
  return 'error' in answer ? answer.error : undefined
}

/** `Promise.withResolvers`, which Node.js 20 lacks. */
function withResolvers(): PromiseWithResolvers<unknown> {
  let resolve!: (value: unknown) => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<unknown>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}

interface PromiseWithResolvers<V> {
  readonly promise: Promise<V>
  resolve(value: V): void
  reject(reason: unknown): void
}

/** One promise of the contract: its wording, and a history that shows whether it is kept. */
export interface BreakerContractCase {
  readonly title: string
  readonly policy?: GivenCircuitPolicy
  check(harness: CircuitHarness, breaker: BreakerFactory): Promise<void>
}
