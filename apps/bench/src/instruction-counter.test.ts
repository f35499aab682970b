import { expect, test } from 'vitest'
import { perf, valgrind } from './instruction-counter.ts'

test('valgrind’s count is read', () => {
  const stderr = '==12== \n==12== Events    : Ir\n==12== Collected : 360338540\n==12== \n'
  expect(valgrind.read(stderr)).toBe(360_338_540)
})

test('perf’s count is read', () => {
  expect(perf.read('360338540,,instructions:u,1000000,100.00,,\n')).toBe(360_338_540)
})

test('a counter that is missing or does not count gives no number', () => {
  expect(valgrind.read('')).toBeUndefined()
  expect(perf.read('')).toBeUndefined()
  expect(perf.read('<not supported>,,instructions:u,0,100.00,,\n')).toBeUndefined()
})
