import { expect, test } from 'vitest'
import type { CallEnd } from './tally.ts'
import { Ends } from './tally.ts'
import { allowedAtOnce, failuresOf, fault, shareOf } from './verdicts.ts'

function calls(counts: Partial<Record<CallEnd, number>>): Ends {
  const ends = new Ends()
  const list: [CallEnd, number][] = (['answered', 'not found', 'failed', 'rejected', 'left'] as const).map((end) => [
    end,
    counts[end] ?? 0,
  ])
  for (const [end, count] of list) {
    for (let call = 0; call < count; call++) {
      ends.begin()
      ends.end(end)
    }
  }
  return ends
}

const passage = { trouble: 'hang', kind: 'any', during: calls({ failed: 200 }), recovering: calls({ failed: 100 }) }

test('callers who left say nothing; that there is no such record is an answer', () => {
  expect(shareOf(calls({ answered: 3, 'not found': 3, failed: 2, left: 90 }))).toBe(0.75)
  expect(shareOf(calls({ left: 90 }))).toBeUndefined()
})

test('what succeeds again outlived nothing, whatever happened before', () => {
  expect(fault({ ...passage, after: calls({ answered: 95, failed: 5 }) })).toBeUndefined()
})

test('one in twenty is too many', () => {
  expect(fault({ ...passage, after: calls({ answered: 94, rejected: 6 }) })).toBe('it outlived its outage')
  expect(fault({ ...passage, after: calls({ left: 50 }) })).toBe('it outlived its outage')
})

test('without a load nothing is proved', () => {
  expect(fault({ ...passage, after: calls({ answered: 5 }) })).toBe('only 5 calls were made after it')
})

test('a call that never ended is one that did not succeed', () => {
  const after = calls({ answered: 90 })
  for (let call = 0; call < 10; call++) after.begin()
  expect(fault({ ...passage, after })).toBe('it outlived its outage')
})

test('"not found" is no trouble at all', () => {
  const after = calls({ answered: 100 })
  const during = calls({ 'not found': 40, rejected: 60 })
  expect(fault({ ...passage, trouble: 'not found', during, after })).toBe('answers were taken for failures')
  expect(fault({ ...passage, trouble: 'not found', during: after, after })).toBeUndefined()
})

test('what can be cancelled leaves no more than the places of a proxy and its trial', () => {
  const wish = { places: 20, troubleMs: 3_000, recoveryMs: 300 }
  expect(allowedAtOnce({ manner: 'cancels', breaker: 'native' }, wish)).toBe(23)
  expect(allowedAtOnce({ manner: 'lingers', breaker: 'native' }, wish)).toBe(33)
  expect(allowedAtOnce({ manner: 'lingers', breaker: 'none' }, wish)).toBe(53)
})

test('failures are named', () => {
  const checks = [
    { name: 'one', ok: true, detail: 'fine' },
    { name: 'two', ok: false, detail: '3 of 4' },
  ]
  expect(failuresOf(checks)).toEqual(['two: 3 of 4'])
})
