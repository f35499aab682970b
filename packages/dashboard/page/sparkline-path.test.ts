import type { RequestHistory } from '@svcproxy/http'
import { expect, test } from 'vitest'
import { peakOf, sparklinePaths, sparklineSummary } from './sparkline-path.ts'

const history = (requests: number[], failures: number[] = [], rejections: number[] = []): RequestHistory => ({
  intervalMs: 5_000,
  requests,
  failures,
  rejections,
})

test('the newest interval stands at the right end, and the highest fills the chart', () => {
  const { successes } = sparklinePaths(history([5, 10]), 20)
  expect(successes).toBe('M58 10h1v10h-1zM59 0h1v20h-1z')
})

test('failures stand on the ground, rejections on them, and the rest on top', () => {
  const paths = sparklinePaths(history([10], [2], [3]), 20)
  expect(paths).toEqual({
    failures: 'M59 16h1v4h-1z',
    rejections: 'M59 10h1v6h-1z',
    successes: 'M59 0h1v10h-1z',
  })
})

test('one failure among a million requests is seen', () => {
  expect(sparklinePaths(history([1_000_000], [1]), 20).failures).toBe('M59 19h1v1h-1z')
})

test('nothing draws nothing, and never divides by zero', () => {
  const nothing = { successes: '', failures: '', rejections: '' }
  expect(sparklinePaths(history([]), 20)).toEqual(nothing)
  expect(sparklinePaths(history([0, 0], [0, 0], [0, 0]), 20)).toEqual(nothing)
})

test('the peak is told by the second, not by the interval', () => {
  expect(peakOf(history([10, 25, 5]))).toBe(5)
  expect(peakOf(history([]))).toBe(0)
})

test('what the chart shows is said in words', () => {
  expect(sparklineSummary(history([4, 6], [1, 0], [0, 2]))).toBe('Last 5 minutes: 10 requests, 1 failed, 2 rejected')
})
