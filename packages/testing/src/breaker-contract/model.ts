import { CircuitOpenError, ServiceTimeoutError } from '@svcproxy/core'
import type { Outcome } from '@svcproxy/core/adapter'
import type { BreakerFactory } from '@svcproxy/core'
import * as fc from 'fast-check'
import { expect } from 'vitest'
import { type Answer, CircuitHarness, type TestCall } from './harness.ts'
import { type ReferenceCall, ReferenceCircuit, type ReferencePolicy } from './reference-circuit.ts'

/** What may happen to a circuit. Numbers that choose among existing things are taken modulo their count. */
type Step =
  | { readonly do: 'start'; readonly work: 'pending' | 'returns' | 'throws' }
  | { readonly do: 'settle'; readonly which: number; readonly outcome: Outcome }
  | { readonly do: 'abort'; readonly which: number }
  | { readonly do: 'advance' | 'starve'; readonly ms: number }
  | { readonly do: 'reset' | 'isolate' | 'release' | 'transfer' }

const rates = fc.oneof(
  fc.record({
    ratio: fc.constantFrom(0.3, 0.5, 1),
    minimumCalls: fc.integer({ min: 1, max: 6 }),
    windowMs: fc.constantFrom(7, 10, 100),
  }),
  fc.record({
    ratio: fc.constantFrom(0.3, 0.5, 1),
    minimumCalls: fc.integer({ min: 1, max: 3 }),
    windowCalls: fc.constantFrom(3, 8, 9),
  }),
)
const orNone = <V>(arbitrary: fc.Arbitrary<V>): fc.Arbitrary<V | undefined> => fc.option(arbitrary, { nil: undefined })
const policies: fc.Arbitrary<ReferencePolicy> = fc.record({
  failureThreshold: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant(Infinity)),
  failureRate: orNone(rates),
  slowCalls: orNone(fc.tuple(rates, fc.constantFrom(2, 4)).map(([rate, thresholdMs]) => ({ ...rate, thresholdMs }))),
  successThreshold: fc.integer({ min: 1, max: 3 }),
  maxTrials: fc.integer({ min: 1, max: 3 }),
  recoveryTimeoutMs: fc.constantFrom(1, 20, 50),
  recoveryBackoff: orNone(
    fc.record({ factor: fc.constantFrom(1, 2), maxMs: fc.constant(90), jitterRatio: fc.constant(0) }),
  ),
  rampMs: fc.constantFrom(0, 0, 40),
  timeoutMs: fc.constantFrom(5, 20, 100),
})

const durations = fc.oneof(fc.integer({ min: 0, max: 8 }), fc.constantFrom(19, 20, 49, 50, 100))
const which = fc.nat({ max: 9 })
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('start'), work: fc.constantFrom('pending', 'returns', 'throws') }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('settle'),
      which,
      outcome: fc.constantFrom('success', 'failure', 'failure', 'ignored'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('abort'), which }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('advance'), ms: durations }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('starve'),
      ms: fc.oneof(durations, fc.constantFrom(1_004, 1_005, 1_020, 1_100)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('reset', 'isolate', 'release', 'release', 'transfer') }) },
)

/** The same call in both circuits. */
interface Pair {
  readonly real: TestCall
  readonly reference: ReferenceCall
  readonly controller: AbortController
  expected?: 'value' | 'failure' | 'ignored' | 'timeout' | 'aborted' | 'refused'
}

const FAILURE = new Error('failure')
const IGNORED = new Error('not found')
const ABORTED = new Error('the client disconnected')

/** Runs the same history on the circuit under test and on the reference. */
class Comparison {
  readonly #harness: CircuitHarness
  readonly #reference: ReferenceCircuit
  readonly #pairs: Pair[] = []
  readonly #handles: Disposable[] = []

  constructor(breaker: BreakerFactory, policy: ReferencePolicy) {
    this.#harness = new CircuitHarness(breaker, { ...policy, isFailure: (error) => error !== IGNORED }, 'model')
    this.#reference = new ReferenceCircuit(policy)
  }

  async step(step: Step): Promise<void> {
    this.#apply(step)
    await this.#harness.clock.settle()
    await this.#compare()
  }

  async finish(): Promise<void> {
    await this.#harness.verify()
  }

  #apply(step: Step): void {
    const { clock, circuit } = this.#harness
    const now = clock.now()
    if (step.do === 'start') {
      this.#start(step.work, now)
    } else if (step.do === 'settle') {
      this.#settle(step.which, step.outcome, now)
    } else if (step.do === 'abort') {
      this.#abort(step.which, now)
    } else if (step.do === 'advance') {
      for (const call of this.#reference.advance(now, now + step.ms)) this.#expect(call, 'timeout')
      clock.advance(step.ms)
    } else if (step.do === 'starve') {
      clock.starve(step.ms)
    } else if (step.do === 'reset') {
      this.#reference.reset()
      circuit.reset()
    } else if (step.do === 'transfer') {
      this.#transfer(now)
    } else if (step.do === 'isolate') {
      this.#reference.isolate(now)
      this.#handles.push(circuit.isolate())
    } else if (this.#handles.length > 0) {
      this.#reference.release()
      this.#handles.pop()?.[Symbol.dispose]()
    }
  }

  #start(work: 'pending' | 'returns' | 'throws', now: number): void {
    const controller = new AbortController()
    const operations = {
      pending: undefined,
      returns: () => 'value',
      throws: () => {
        throw FAILURE
      },
    }
    const pair: Pair = {
      reference: this.#reference.start(now),
      real: this.#harness.start(operations[work], controller.signal),
      controller,
    }
    this.#pairs.push(pair)
    if (pair.reference.refused) {
      pair.expected = 'refused'
    } else if (work !== 'pending') {
      pair.expected = work === 'returns' ? 'value' : 'failure'
      this.#reference.settle(pair.reference, work === 'returns' ? 'success' : 'failure', now)
    }
  }

  #settle(which: number, outcome: Outcome, now: number): void {
    const pair = this.#pending(which)
    if (pair === undefined) return
    if (outcome === 'success') pair.real.resolve()
    else pair.real.reject(outcome === 'failure' ? FAILURE : IGNORED)
    pair.expected = outcome === 'success' ? 'value' : outcome
    // An error that is no failure is an answer.
    this.#reference.settle(pair.reference, outcome === 'ignored' ? 'success' : outcome, now)
  }

  #abort(which: number, now: number): void {
    const pair = this.#pending(which)
    if (pair === undefined) return
    pair.controller.abort(ABORTED)
    pair.expected = 'aborted'
    this.#reference.settle(pair.reference, 'ignored', now)
  }

  #transfer(now: number): void {
    const snapshot = this.#harness.circuit.exportState()
    expect(snapshot).toEqual(this.#reference.snapshot(now))
    this.#harness.circuit.importState(snapshot)
    this.#reference.takeOverOwnSnapshot()
  }

  #pending(which: number): Pair | undefined {
    const pending = this.#pairs.filter(({ expected }) => expected === undefined)
    return pending[which % pending.length]
  }

  #expect(call: ReferenceCall, expected: 'timeout'): void {
    const pair = this.#pairs.find(({ reference }) => reference === call)
    if (pair !== undefined) pair.expected = expected
  }

  /** Checks that both look the same from outside. */
  async #compare(): Promise<void> {
    const { clock, circuit } = this.#harness
    const now = clock.now()
    const seen = [circuit.state, circuit.retryAfterMs, circuit.consecutiveFailures, this.#harness.entered.join()]
    const reference = this.#reference
    const expected = [reference.stateAt(now), reference.retryAfterMs(now), reference.failures, reference.entered.join()]
    if (seen.some((part, index) => part !== expected[index])) expect(seen).toEqual(expected)
    for (const pair of this.#pairs) {
      const kind = pair.real.ends.length === 0 ? undefined : kindOf(await pair.real.answer)
      if (kind !== pair.expected) expect(kind).toBe(pair.expected)
    }
    // Finished calls are compared once; otherwise long histories would take quadratic time.
    for (let index = this.#pairs.length - 1; index >= 0; index--) {
      if (this.#pairs[index]?.expected !== undefined) this.#pairs.splice(index, 1)
    }
  }
}

function kindOf(answer: Answer): string {
  if ('value' in answer) return answer.value === 'value' ? 'value' : `value ${String(answer.value)}`
  const { error } = answer
  if (error === FAILURE) return 'failure'
  if (error === IGNORED) return 'ignored'
  if (error === ABORTED) return 'aborted'
  if (error instanceof CircuitOpenError) return 'refused'
  return error instanceof ServiceTimeoutError ? 'timeout' : `error ${String(error)}`
}

/** Runs histories until `minSteps` steps were compared. A failure names the seed and the shortest failing history. */
export async function compareWithReference(
  breaker: BreakerFactory,
  minSteps: number,
  firstSeed: number,
): Promise<number> {
  const compared = { steps: 0 }
  const history = fc.array(steps, { minLength: 1, maxLength: 200, size: 'max' })
  const property = fc.asyncProperty(policies, history, async (policy, actions) => {
    const comparison = new Comparison(breaker, policy)
    for (const action of actions) {
      await comparison.step(action)
      compared.steps++
    }
    await comparison.finish()
  })
  for (let seed = firstSeed; compared.steps < minSteps; seed++) await fc.assert(property, { seed, numRuns: 100 })
  return compared.steps
}
