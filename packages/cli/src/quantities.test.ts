import { expect, test } from 'vitest'
import { countText, latencyText, rateText, spanText, timeText } from './quantities.ts'

test.each([
  [0, '0s'],
  [59_999, '59s'],
  [60_000, '1m00s'],
  [3_599_999, '59m59s'],
  [3_600_000, '1h00m'],
  [86_399_999, '23h59m'],
  [86_400_000, '1d0h'],
  [1_100_000_000, '12d17h'],
])('a span of %d ms is %s', (ms, text) => {
  expect(spanText(ms)).toBe(text)
})

test('a clock that runs behind makes no negative age', () => {
  expect(spanText(-5_000)).toBe('0s')
})

test('a time that cannot be read is a dash', () => {
  expect(spanText(Number.NaN)).toBe('–')
  expect(timeText(Number.NaN)).toBe('–')
})

test.each([
  [0.04, '0.0ms'],
  [9.94, '9.9ms'],
  [12.4, '12ms'],
  [1_250, '1.3s'],
  [61_000, '1m01s'],
])('a latency of %d ms is %s', (ms, text) => {
  expect(latencyText(ms)).toBe(text)
})

test.each([
  [99_999, '99999'],
  [100_000, '100k'],
  [999_999, '999k'],
  [1_000_000, '1.0M'],
  [123_456_789, '123M'],
  [2_500_000_000, '2.5G'],
])('%d is %s, in five columns at most', (count, text) => {
  expect(countText(count)).toBe(text)
  expect(text.length).toBeLessThanOrEqual(5)
})

test('a small rate keeps a decimal', () => {
  expect(rateText(0.42)).toBe('0.4')
  expect(rateText(12.6)).toBe('13')
})

test('a time of day is UTC', () => {
  expect(timeText(Date.UTC(2026, 0, 1, 3, 4, 5))).toBe('03:04:05Z')
})
