import { expect, test } from 'vitest'
import { lineThrough, medianOf, quantileOf } from './statistics.ts'

test('a quantile lies between its neighbours, in whatever order the values come', () => {
  expect(medianOf([9, 1, 5])).toBe(5)
  expect(medianOf([4, 1])).toBe(2.5)
  expect(quantileOf([40, 10, 30, 20, 0], 0.99)).toBeCloseTo(39.6)
  expect(quantileOf(Float64Array.of(3, 1, 2), 1)).toBe(3)
  expect(() => medianOf([])).toThrow(RangeError)
})

test('values stay where they were', () => {
  const values = [3, 1, 2]
  quantileOf(values, 0.9)
  expect(values).toEqual([3, 1, 2])
})

test('a line has the slope of its points, and no error where they lie on it', () => {
  const line = lineThrough([
    [0, 1],
    [10, 21],
    [20, 41],
  ])
  expect(line.slope).toBeCloseTo(2)
  expect(line.error).toBeCloseTo(0)
})

test('points that scatter make the slope unsure', () => {
  const points = [5, -5, 5, -5, 5, -5].map((y, x) => [x, y] as const)
  const { slope, error } = lineThrough(points)
  expect(Math.abs(slope)).toBeLessThan(2 * error)
  expect(() => lineThrough(points.slice(0, 2))).toThrow(RangeError)
})
