import { expect, test } from 'vitest'
import { atLeast, atMost, exactly, type Finding } from './scenario.ts'
import { outcomeOf } from './verdicts.ts'

const finding = (figure: number, limit: Finding['limit'], isSpeed = false): Finding => ({
  name: 'it',
  unit: 'ms',
  figure,
  limit,
  isSpeed,
})

test.for([
  [10, atMost(10), 'met'],
  [10.1, atMost(10), 'MISSED'],
  [10, atLeast(10), 'met'],
  [9, atLeast(10), 'MISSED'],
  [0, exactly(0), 'met'],
  [1, exactly(0), 'MISSED'],
  [Infinity, atMost(10), 'MISSED'],
  [Number.NaN, atMost(10), 'MISSED'],
  [Number.NaN, atLeast(10), 'MISSED'],
  [5, undefined, 'open'],
] as const)('%d with %j: %s', ([figure, limit, outcome]) => {
  expect(outcomeOf(finding(figure, limit), false)).toBe(outcome)
})

test('a quick run judges what is right, and not what is fast', () => {
  expect(outcomeOf(finding(99, atMost(10), true), true)).toBe('open')
  expect(outcomeOf(finding(99, atMost(10), true), false)).toBe('MISSED')
  expect(outcomeOf(finding(Infinity, atMost(10), true), true)).toBe('MISSED')
  expect(outcomeOf(finding(99, atMost(10)), true)).toBe('MISSED')
})
