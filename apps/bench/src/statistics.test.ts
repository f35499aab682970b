import { expect, test } from 'vitest'
import { medianOf, spreadOf } from './statistics.ts'

test('of an odd number of values the median is the one in the middle', () => {
  expect(medianOf([9, 1, 5])).toBe(5)
})

test('of an even number of values the median lies between the two in the middle', () => {
  expect(medianOf([4, 1, 3, 2])).toBe(2.5)
})

test('the middle half leaves a quarter of the values out on each side', () => {
  expect(spreadOf([1, 2, 3, 4, 5])).toEqual({ median: 3, q1: 2, q3: 4 })
  expect(spreadOf([7])).toEqual({ median: 7, q1: 7, q3: 7 })
})

test('values are compared as numbers, and left as they were', () => {
  const values = [10, 9, 100]
  expect(medianOf(values)).toBe(10)
  expect(values).toEqual([10, 9, 100])
})

test('the order of the values does not matter: as many lie below the median as above it', () => {
  for (const values of permutationsOf([0, 1, 1, 3, 8, 1e9])) {
    const { median, q1, q3 } = spreadOf(values)
    expect(median).toBe(2)
    expect(values.filter((value) => value < median)).toHaveLength(values.filter((value) => value > median).length)
    expect(q1).toBeLessThanOrEqual(median)
    expect(q3).toBeGreaterThanOrEqual(median)
  }
})

test('nothing has no median', () => {
  expect(() => medianOf([])).toThrow(RangeError)
})

function permutationsOf(values: readonly number[]): number[][] {
  if (values.length <= 1) return [[...values]]
  return values.flatMap((value, index) => permutationsOf(values.toSpliced(index, 1)).map((rest) => [value, ...rest]))
}
