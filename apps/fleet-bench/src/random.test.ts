import { expect, test } from 'vitest'
import { oneOf, seeded, weighted } from './random.ts'

test('the same seed gives the same numbers, and another one others', () => {
  const numbers = (seed: number) => {
    const random = seeded(seed)
    return Array.from({ length: 5 }, random)
  }
  expect(numbers(7)).toEqual(numbers(7))
  expect(numbers(7)).not.toEqual(numbers(8))
})

test('each has its chance, as its weight says', () => {
  const random = seeded(1)
  const counts = { often: 0, rarely: 0, never: 0 }
  for (let time = 0; time < 10_000; time++) counts[weighted({ often: 9, rarely: 1, never: 0 }, random)]++
  expect(counts.never).toBe(0)
  expect(counts.rarely).toBeGreaterThan(850)
  expect(counts.rarely).toBeLessThan(1_150)
})

test('one of several, and none of nothing', () => {
  const random = seeded(1)
  const drawn = new Set(Array.from({ length: 100 }, () => oneOf(['a', 'b', 'c'], random)))
  expect(drawn.size).toBe(3)
  expect(() => oneOf([], random)).toThrow(RangeError)
})
