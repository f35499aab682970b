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
  expect(policy).toEqual({ ...DEFAULT_CIRCUIT_POLICY, ...given })
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
  [{ failureThreshold: -Infinity }, 'circuit.failureThreshold must be an integer in 1 … 1000000; received -Infinity'],
  [{ failureRate: 0.5 }, 'circuit.failureRate must be an object; received 0.5'],
  [{ failureRate: 0 }, 'circuit.failureRate must be an object; received 0'],
  [{ slowCalls: null }, 'circuit.slowCalls must be an object; received null'],
  [{ recoveryBackoff: false }, 'circuit.recoveryBackoff must be an object; received false'],
  [{ failureRate: {} }, 'circuit.failureRate.ratio must be a number in 0.001 … 1; received undefined'],
  [{ failureRate: { ratio: 50 } }, 'circuit.failureRate.ratio must be a number in 0.001 … 1; received 50'],
  [{ failureRate: { ratio: 0.5, volume: 1 } }, 'circuit.failureRate must be an object with only ratio, minimumCalls'],
  [{ failureRate: { ratio: 0.5, windowMs: 0 } }, 'circuit.failureRate.windowMs must be a number in 1 … 2147483647'],
  [
    { failureRate: { ratio: 0.5, windowMs: 100, windowCalls: 10 } },
    'circuit.failureRate.windowMs must be left out when windowCalls is given: a window is counted in milliseconds or in calls; received 100',
  ],
  [
    { failureRate: { ratio: 0.5, minimumCalls: 20, windowCalls: 10 } },
    'circuit.failureRate.minimumCalls must be an integer in 1 … 10; received 20',
  ],
  [{ slowCalls: { ratio: 0.5 } }, 'circuit.slowCalls.thresholdMs must be a number in 1 … 2147483647'],
  [
    { timeoutMs: 300, slowCalls: { ratio: 0.5, thresholdMs: 300 } },
    'circuit.slowCalls.thresholdMs must be less than timeoutMs (300), because a call that takes longer times out',
  ],
  [{ recoveryBackoff: { factor: 0.5 } }, 'circuit.recoveryBackoff.factor must be a number in 1 … 100; received 0.5'],
  [
    { recoveryTimeoutMs: 1_000, recoveryBackoff: { maxMs: 999 } },
    'circuit.recoveryBackoff.maxMs must be a number in 1000 … 2147483647; received 999',
  ],
  [{ rampMs: -1 }, 'circuit.rampMs must be a number in 0 … 2147483647; received -1'],
  [{ mode: 'dry-run' }, "circuit.mode must be 'enforce' or 'observe'; received \"dry-run\""],
  [{ threshold: 5 }, 'circuit must be an object with only failureThreshold, failureRate'],
]

test.for(OUT_OF_BOUNDS)('%o is refused', ([policy, message]) => {
  expect(() => resolveCircuitPolicy(policy as CircuitPolicy)).toThrow(message)
})

test('what a rule leaves out has its default', () => {
  expect(resolveCircuitPolicy({ failureRate: { ratio: 0.5 } }).failureRate).toEqual({
    ratio: 0.5,
    minimumCalls: 20,
    windowMs: 10_000,
  })
  expect(resolveCircuitPolicy({ failureRate: { ratio: 0.5, windowCalls: 100 } }).failureRate).toEqual({
    ratio: 0.5,
    minimumCalls: 20,
    windowCalls: 100,
  })
  expect(resolveCircuitPolicy({ slowCalls: { thresholdMs: 300, ratio: 0.9, windowCalls: 5 } }).slowCalls).toEqual({
    thresholdMs: 300,
    ratio: 0.9,
    minimumCalls: 5,
    windowCalls: 5,
  })
  expect(resolveCircuitPolicy({ recoveryBackoff: {} }).recoveryBackoff).toEqual({
    factor: 2,
    maxMs: 300_000,
    jitterRatio: 0.1,
  })
})
