import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LatencyHistogram } from './latency-histogram.ts'

describe('a histogram', () => {
  test('is all zero before anything was recorded', () => {
    expect(new LatencyHistogram().summary()).toEqual({ count: 0, p50Ms: 0, p90Ms: 0, p99Ms: 0, maxMs: 0 })
  })

  test('tells a percentile within 5 %, from microseconds to half an hour', () => {
    const durations = fc.array(fc.double({ min: 0.001, max: 1_800_000, noNaN: true }), { minLength: 1, maxLength: 300 })
    fc.assert(
      fc.property(durations, fc.double({ min: 0.01, max: 1, noNaN: true }), (recorded, ratio) => {
        const histogram = new LatencyHistogram()
        for (const duration of recorded) histogram.record(duration)
        const exact = recorded.toSorted((a, b) => a - b)[Math.ceil(ratio * recorded.length) - 1] ?? 0
        // Below 10 µs the resolution of 1 µs is what limits it.
        expect(Math.abs((histogram.percentiles([ratio])[0] ?? 0) - exact)).toBeLessThanOrEqual(
          Math.max(exact * 0.05, 0.000_501),
        )
      }),
    )
  })

  test('keeps the maximum exactly, and no percentile is above it', () => {
    const histogram = new LatencyHistogram()
    for (const duration of [1, 2, 1001, 1025.1]) histogram.record(duration)
    // 1025.1 ms is in the lower half of its bucket, whose middle is above it.
    expect(histogram.summary()).toMatchObject({ count: 4, p99Ms: 1025.1, maxMs: 1025.1 })
  })

  test('takes durations out of its range for the nearest it knows', () => {
    const histogram = new LatencyHistogram()
    for (const duration of [-1, 0, 1e12]) histogram.record(duration)
    expect(histogram.percentiles([0.5])[0]).toBe(0)
    expect(histogram.percentiles([1])[0]).toBeGreaterThan(2_000_000)
  })

  test('merged from others has recorded what they have, however it was spread over them, and leaves them as they were', () => {
    const durations = fc.array(fc.double({ min: 0, max: 1_800_000, noNaN: true }), { maxLength: 100 })
    fc.assert(
      fc.property(fc.array(durations, { maxLength: 5 }), (spread) => {
        const parts = spread.map(histogramOf)
        const before = parts.map((part) => part.summary())
        const whole = histogramOf(spread.flat())
        for (let round = 0; round < 2; round++) {
          const merged = LatencyHistogram.merged(parts)
          expect(merged.summary()).toEqual(whole.summary())
          expect(merged.percentiles([0.25])).toEqual(whole.percentiles([0.25]))
        }
        expect(parts.map((part) => part.summary())).toEqual(before)
      }),
    )
  })
})

function histogramOf(durations: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram()
  for (const duration of durations) histogram.record(duration)
  return histogram
}
