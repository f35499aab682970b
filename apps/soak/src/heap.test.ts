import { expect, test } from 'vitest'
import { heapGrowth, heapInUse, MAX_HEAP_GROWTH } from './heap.ts'

const MIB = 2 ** 20
const mib = (...values: number[]): number[] => values.map((value) => value * MIB)

test('the first rounds are compared with the last, whatever happens in one of them', () => {
  expect(heapGrowth(mib(20, 21, 22, 40, 23, 22, 23))).toBe(2 * MIB)
  expect(heapGrowth(mib(20, 90, 20, 21, 20, 90, 20))).toBe(0)
})

test('a leak is found, however slow the start', () => {
  expect(heapGrowth(mib(20, 20, 20, 21, 22, 23, 24, 25, 26))).toBeGreaterThan(MAX_HEAP_GROWTH)
})

test('few samples are compared one by one', () => {
  expect(heapGrowth(mib(20))).toBe(0)
  expect(heapGrowth(mib(20, 25))).toBe(5 * MIB)
})

test('garbage does not count', () => {
  const before = heapInUse()
  let kept: number[][] = Array.from({ length: 100 }, () => Array.from({ length: 10_000 }, (_, index) => index / 3))
  expect(heapInUse() - before).toBeGreaterThan(4 * MIB)
  kept = []
  expect(heapInUse() - before).toBeLessThan(MIB)
  expect(kept).toEqual([])
})
