import type { BreakerFactory } from '@svcproxy/core'
import { describe, expect, test } from 'vitest'
import { attemptCases } from './breaker-contract/attempts.ts'
import { controlCases } from './breaker-contract/control.ts'
import { type BreakerContractCase, CircuitHarness } from './breaker-contract/harness.ts'
import { type LibraryEvents, listenerCase } from './breaker-contract/listeners.ts'
import { compareWithReference } from './breaker-contract/model.ts'
import { stateCases } from './breaker-contract/states.ts'

/** Options of {@link breakerContract}. */
export interface BreakerContractOptions {
  /** The adapter under test: what an application would pass as `breaker`. */
  readonly create: BreakerFactory
  /**
   * The events of the library for the circuit of a service. With them, the contract also checks that listeners that
   * throw change nothing.
   * @defaultValue none: the library has no listeners
   */
  readonly events?: LibraryEvents
  /**
   * The number of random steps that are compared with a reference model. The environment variables
   * `SVCPROXY_MODEL_STEPS` and `SVCPROXY_MODEL_SEED` override it and the first seed.
   * @defaultValue 100 000
   */
  readonly modelSteps?: number
}

/**
 * The contract for implementations of {@link CircuitBreaker}, as a vitest suite: the whole test file of an adapter.
 * Each test is named after the promise that it checks.
 *
 * @param name the name of the suite: for example the library
 */
export function breakerContract(name: string, options: BreakerContractOptions): void {
  const steps = Number(process.env['SVCPROXY_MODEL_STEPS'] ?? options.modelSteps ?? 100_000)
  const seed = Number(process.env['SVCPROXY_MODEL_SEED'] ?? 1)
  describe(`${name} keeps the breaker contract`, () => {
    const { create } = options
    for (const promise of breakerContractCases(options)) {
      test(promise.title, () => expectKept(promise, create))
    }
    test(`32. in ${steps} random steps it behaves like a reference model`, { timeout: 600_000 }, async () => {
      expect(await compareWithReference(create, steps, seed)).toBeGreaterThanOrEqual(steps)
    })
  })
}

/** @internal */
export function breakerContractCases({ events }: Pick<BreakerContractOptions, 'events'>): BreakerContractCase[] {
  const cases = [...stateCases, ...attemptCases, ...controlCases, listenerCase(events)]
  return cases.sort((a, b) => (Number.parseInt(a.title, 10) || Infinity) - (Number.parseInt(b.title, 10) || Infinity))
}

/** @internal */
export async function expectKept(promise: BreakerContractCase, breaker: BreakerFactory): Promise<void> {
  const harness = new CircuitHarness(breaker, promise.policy)
  await promise.check(harness, breaker)
  await harness.verify()
}
