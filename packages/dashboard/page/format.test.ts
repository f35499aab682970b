import { expect, test } from 'vitest'
import {
  formatAge,
  formatAgo,
  formatCount,
  formatCountdown,
  formatDuration,
  formatPolicy,
  formatRate,
  formatRatio,
  formatSetting,
  formatSettingName,
  formatSettingPath,
} from './format.ts'

/** With plain spaces, so that the cases below can be read. */
const plain = (text: string): string => text.replaceAll('\u202f', ' ')

test.each([
  [0, '0 ms'],
  [0.02, '< 0.1 ms'],
  [0.4, '0.4 ms'],
  [1, '1 ms'],
  [9.94, '9.9 ms'],
  [9.96, '10 ms'],
  [12.4, '12 ms'],
  [999, '999 ms'],
  [999.6, '1 s'],
  [1_234, '1.2 s'],
  [9_960, '10 s'],
  [59_900, '60 s'],
  [60_000, '1 min'],
  [90_000, '1.5 min'],
  [300_000, '5 min'],
  [3_600_000, '1 h'],
  [null, '∞'],
])('a duration of %s ms is written %s', (ms, expected) => {
  expect(plain(formatDuration(ms))).toBe(expected)
})

test.each([
  [0, '0'],
  [999, '999'],
  [1_204, '1 204'],
  [9_999, '9 999'],
  [12_345, '12.3 k'],
  [123_456, '123 k'],
  [999_499, '999 k'],
  [999_500, '1.0 M'],
  [4_100_000, '4.1 M'],
  [123_456_789, '123 M'],
])('a count of %s is written %s', (count, expected) => {
  expect(plain(formatCount(count))).toBe(expected)
})

test.each([
  [null, '–'],
  [0, '0'],
  [0.01, '< 0.1'],
  [0.44, '0.4'],
  [12.54, '12.5'],
  [340.2, '340'],
  [12_345, '12.3 k'],
])('%s requests a second are written %s', (rate, expected) => {
  expect(plain(formatRate(rate))).toBe(expected)
})

test.each([
  [0, 0, '–'],
  [0, 10, '0 %'],
  [1, 3, '33 %'],
  [10, 10, '100 %'],
  [9_903, 10_000, '99 %'],
  [9_915, 10_000, '99.1 %'],
])('%s of %s is written %s', (part, whole, expected) => {
  expect(plain(formatRatio(part, whole))).toBe(expected)
})

test('only all is a hundred percent, and only none is zero', () => {
  expect(plain(formatRatio(999_999, 1_000_000))).toBe('99.9 %')
  expect(plain(formatRatio(1, 1_000_000))).toBe('0.1 %')
})

test.each([
  [-5_000, 'now'],
  [999, 'now'],
  [12_999, '12 s'],
  [60_000, '1 min'],
  [3_599_999, '59 min'],
  [3_600_000, '1 h'],
  [172_800_000, '2 d'],
])('an age of %s ms is written %s', (ms, expected) => {
  expect(plain(formatAge(ms))).toBe(expected)
})

test('what was less than a second ago was just now, also when clocks differ', () => {
  expect(formatAgo(-300)).toBe('just now')
  expect(plain(formatAgo(1_000))).toBe('1 s ago')
})

test.each([
  [-1, '0 s'],
  [0, '0 s'],
  [1, '1 s'],
  [11_001, '12 s'],
  [125_000, '2 min 05 s'],
  [4_320_000, '1 h 12 min'],
])('%s ms to go are written %s', (ms, expected) => {
  expect(plain(formatCountdown(ms))).toBe(expected)
})

test.each([
  ['cacheTtlMs', 30_000, 'cache TTL', '30 s'],
  ['cacheTtlJitterRatio', 0.1, 'cache TTL jitter', '10 %'],
  ['ratio', 0.5, 'ratio', '50 %'],
  ['jitterRatio', 0.1, 'jitter', '10 %'],
  ['failureThreshold', null, 'failure threshold', 'unlimited'],
  ['healthIntervalMs', 0, 'health interval', 'off'],
  ['cacheTtlMs', null, 'cache TTL', '∞'],
  ['requestTimeoutMs', null, 'request timeout', 'none'],
  ['requestTimeoutMs', 9_000, 'request timeout', '9 s'],
  ['maxQueuedCalls', 50, 'max queued calls', '50'],
  ['maxConcurrentCalls', null, 'max concurrent calls', 'unlimited'],
  ['failureThreshold', 10_000, 'failure threshold', '10 000'],
  ['critical', true, 'critical', 'yes'],
  ['ownership', 'owned', 'ownership', 'owned'],
])('the option %s of %s reads as “%s”: %s', (name, value, words, written) => {
  expect(formatSettingName(name)).toBe(words)
  expect(plain(formatSetting(name, value))).toBe(written)
})

test.each([
  [['circuit', 'failureThreshold'], 'failure threshold'],
  [['methods'], 'methods'],
  [['methods', 'findById'], 'findById'],
  [['methods', 'findById', 'timeoutMs'], 'timeout'],
  [['methods', 'findById', 'retry'], 'retry'],
  [['retry'], 'retry, if requested'],
])('at the end of %o stands “%s”', (path, words) => {
  expect(formatSettingPath(path)).toBe(words)
})

const RETRY = { attempts: 3, backoffInitialMs: 100, backoffMaxMs: 2_000, hasIsRetryable: false }

test.each([
  ['retry', RETRY, '3 attempts, waits up to 100 ms, doubling to 2 s'],
  ['retry', { ...RETRY, hasIsRetryable: true }, '3 attempts, waits up to 100 ms, doubling to 2 s, some failures only'],
  ['retry', { ...RETRY, attempts: 2, backoffInitialMs: 0 }, '2 attempts, no waits'],
  ['retryBudget', { ratio: 0.2, minPerSecond: 0.5 }, '20 % of the calls and 0.5 a second'],
  ['retryBudget', { ratio: 0, minPerSecond: 0 }, '0 % of the calls and 0 a second'],
  ['circuit', { failureThreshold: 5 }, undefined],
])('the policy %s of %o is one line: %s', (name, options, words) => {
  const line = formatPolicy(name, options)
  expect(line && plain(line)).toBe(words)
})
