import { expect, test } from 'vitest'
import { type CircuitPolicy, DEFAULT_CIRCUIT_POLICY, resolveCircuitPolicy } from './policy.ts'

test('the defaults are those of the pattern', () => {
  const policy = resolveCircuitPolicy()
  expect(policy).toMatchObject({
    failureThreshold: 5,
    recoveryTimeoutMs: 30_000,
    successThreshold: 3,
    timeoutMs: 5_000,
    maxTrials: 1,
  })
  expect(policy.isFailure(undefined)).toBe(true)
  expect(resolveCircuitPolicy({})).toEqual(policy)
})

test('what is given is kept, in an object of its own that nobody can change', () => {
  const isFailure = () => false
  const given = {
    failureThreshold: 1,
    recoveryTimeoutMs: 0.5 + 0.5,
    successThreshold: 2,
    timeoutMs: 2_147_483_647,
    maxTrials: 1_000_000,
    isFailure,
  }
  const policy = resolveCircuitPolicy(given)
  expect(policy).toEqual(given)
  expect(policy).not.toBe(given)
  expect(Object.isFrozen(policy)).toBe(true)
  expect(Object.isFrozen(DEFAULT_CIRCUIT_POLICY)).toBe(true)
})

const OUT_OF_BOUNDS: readonly (readonly [Record<string, unknown>, string])[] = [
  [{ failureThreshold: 0 }, 'circuit.failureThreshold must be an integer in 1 … 1000000; received 0'],
  [{ failureThreshold: 1.5 }, 'circuit.failureThreshold must be an integer in 1 … 1000000; received 1.5'],
  [{ successThreshold: 1_000_001 }, 'circuit.successThreshold must be an integer in 1 … 1000000; received 1000001'],
  [{ maxTrials: Infinity }, 'circuit.maxTrials must be an integer in 1 … 1000000; received Infinity'],
  [{ recoveryTimeoutMs: 0 }, 'circuit.recoveryTimeoutMs must be a number in 1 … 2147483647; received 0'],
  [{ timeoutMs: 2_147_483_648 }, 'timeoutMs must be a number in 1 … 2147483647; received 2147483648'],
  [{ timeoutMs: '5s' }, 'timeoutMs must be a number in 1 … 2147483647; received "5s"'],
  [{ isFailure: true }, 'circuit.isFailure must be a function; received true'],
  [{ threshold: 5 }, 'circuit must be an object with only failureThreshold, recoveryTimeoutMs'],
]

test.for(OUT_OF_BOUNDS)('%o is refused', ([policy, message]) => {
  expect(() => resolveCircuitPolicy(policy as CircuitPolicy)).toThrow(message)
})
