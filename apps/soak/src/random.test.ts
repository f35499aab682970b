import { expect, test } from 'vitest'
import { between, seeded, shuffled } from './random.ts'

const numbersOf = (seed: number): number[] => {
  const random = seeded(seed)
  return Array.from({ length: 1_000 }, () => random())
}

test('the same seed gives the same numbers, another one others', () => {
  expect(numbersOf(7)).toEqual(numbersOf(7))
  expect(numbersOf(7)).not.toEqual(numbersOf(8))
})

test('the numbers are spread over 0 … 1', () => {
  const numbers = numbersOf(1)
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...numbers)).toBeLessThan(1)
  for (const tenth of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) {
    const count = numbers.filter((number) => Math.floor(number * 10) === tenth).length
    expect(count).toBeGreaterThan(60)
  }
})

test('shuffled, all are there, and what was given stays as it was', () => {
  const items = [1, 2, 3, 4, 5, 6, 7, 8]
  const mixed = shuffled(items, seeded(3))
  expect(items).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  expect(mixed).not.toEqual(items)
  expect(mixed.toSorted((one, other) => one - other)).toEqual(items)
})

test('a number between two others', () => {
  expect(between(10, 20, () => 0)).toBe(10)
  expect(between(10, 20, () => 0.5)).toBe(15)
})
