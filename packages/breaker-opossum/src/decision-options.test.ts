import { InvalidOptionError } from '@svcproxy/core'
import { expect, test } from 'vitest'
import { opossumBreaker, type OpossumDecisionOptions } from './index.ts'

/** What JavaScript may pass. */
const make = (options: unknown) => () => opossumBreaker(options as OpossumDecisionOptions)

function refusal(options: unknown): InvalidOptionError {
  try {
    make(options)()
  } catch (error) {
    if (error instanceof InvalidOptionError) return error
    throw error
  }
  throw new Error('It was accepted')
}

test('with any option opossum decides, with none it does not', () => {
  expect(opossumBreaker().decides).toBe(false)
  expect(opossumBreaker({}).decides).toBe(false)
  expect(make({ volumeThreshold: undefined, timeout: undefined })().decides).toBe(false)
  for (const option of [
    { errorThresholdPercentage: 50 },
    { rollingCountTimeout: 10_000 },
    { rollingCountBuckets: 10 },
    { volumeThreshold: 0 },
    { allowWarmUp: false },
    { rollingPercentilesEnabled: false },
  ]) {
    expect(opossumBreaker(option).decides, Object.keys(option)[0]).toBe(true)
  }
})

test.each([
  ['errorThresholdPercentage', 'a number in 0 … 100', [-1, 100.1, Number.NaN, '50', null], [0, 0.5, 100]],
  ['rollingCountTimeout', 'an integer in 10 … 2147483647', [9, 10.5, Infinity, '10'], [10, 2_147_483_647]],
  ['rollingCountBuckets', 'an integer in 1 … 1000', [0, 1.5, 1_001, true], [1, 1_000]],
  ['volumeThreshold', 'an integer in 0 … 1000000', [-1, 0.5, 1_000_001, {}], [0, 1_000_000]],
  ['allowWarmUp', 'a boolean', [1, 'true', null], [true, false]],
  ['rollingPercentilesEnabled', 'a boolean', [0, 'false', null], [true, false]],
])('%s must be %s', (option, expected, refused, accepted) => {
  for (const value of refused) {
    const error = refusal({ [option]: value })
    expect(error.option).toBe(option)
    expect(error.message).toContain(`${option} must be ${expected}; received `)
  }
  for (const value of accepted) expect(make({ [option]: value })().decides).toBe(true)
})

test('a refusal shows the value that was received', () => {
  expect(refusal({ errorThresholdPercentage: 120 }).message).toContain('received 120')
})

test('a bucket lasts a millisecond or more', () => {
  expect(refusal({ rollingCountTimeout: 99, rollingCountBuckets: 100 }).message).toContain('100 … 2147483647')
  expect(make({ rollingCountTimeout: 100, rollingCountBuckets: 100 })().decides).toBe(true)
})

test.each([
  ['timeout', 3_000, 'timeoutMs'],
  ['resetTimeout', 30_000, 'circuit.recoveryTimeoutMs'],
  ['errorFilter', () => false, 'circuit.isFailure'],
  ['capacity', 10, 'maxConcurrentCalls'],
  ['maxFailures', 5, 'circuit.failureThreshold'],
  ['enabled', false, "circuit of the proxy: false for none, or { mode: 'observe' }"],
  ['name', 'orders', 'the name of its service'],
  ['group', 'shop', 'the name of its service'],
  ['abortController', new AbortController(), 'the signal that each operation gets, or callSignal()'],
  ['autoRenewAbortController', true, 'the signal that each operation gets, or callSignal()'],
  ['cache', true, 'cache them in the service'],
  ['cacheTTL', 1_000, 'cache them in the service'],
  ['cacheSize', 10, 'cache them in the service'],
  ['cacheGetKey', () => 'key', 'cache them in the service'],
  ['cacheTransport', {}, 'cache them in the service'],
  ['coalesce', true, 'coalesce them in the service'],
  ['coalesceTTL', 1_000, 'coalesce them in the service'],
  ['coalesceSize', 10, 'coalesce them in the service'],
  ['coalesceResetOn', ['error'], 'coalesce them in the service'],
  ['enableSnapshots', true, 'read stats'],
  ['rotateBucketController', {}, "the proxy's clock"],
  ['state', {}, 'importCircuit()'],
  ['status', {}, 'starts empty'],
])('%s of opossum is refused, and the error says what to set in place of it', (option, value, instead) => {
  const error = refusal({ [option]: value, volumeThreshold: 5 })
  expect(error.option).toBe(option)
  expect(error.message).toMatch(new RegExp(`^${option} must be left out: `))
  expect(error.message).toContain(instead)
})

test('a misspelt option is refused, and so is what is no object', () => {
  const misspelt = refusal({ errorThreshold: 50 })
  expect(misspelt.message).toContain('an object with only errorThresholdPercentage, rollingCountTimeout')
  expect(misspelt.message).toContain('received "errorThreshold"')
  for (const options of [null, [], 'half', 50]) expect(refusal(options).message).toContain('options must be an object')
})

test('the object it is given is neither kept nor changed', () => {
  const options = Object.freeze({ errorThresholdPercentage: 25 })
  expect(opossumBreaker(options).decides).toBe(true)
  expect(options).toEqual({ errorThresholdPercentage: 25 })
})
