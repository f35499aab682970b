import { expect, test } from 'vitest'
import { queueLines, retriesOf, retryLines } from './call-words.ts'

type Calls = Parameters<typeof retryLines>[0]

const NONE: Calls = { retryBudget: null, queue: null, counts: { retries: { success: 0, failure: 0, denied: 0 } } }
const RETRIED: Calls = {
  ...NONE,
  retryBudget: { calls: 40, retries: 3, remaining: 15 },
  counts: { retries: { success: 9, failure: 3, denied: 2 } },
}
const WAIT = { count: 120, p50Ms: 12, p90Ms: 30, p99Ms: 1_240, maxMs: 1_300 }

test('retries are those that were made, and none where no call may be retried', () => {
  expect(retriesOf(RETRIED)).toBe(12)
  expect(retriesOf(NONE)).toBeUndefined()
})

test('a sheet has the retries by outcome, and what is left of their budget', () => {
  expect(retryLines(RETRIED)).toEqual([
    '9 answered, 3 failed, 2 denied',
    'in the last ten seconds 3 for 40 calls; the budget has 15 left',
  ])
  expect(retryLines({ ...RETRIED, retryBudget: { calls: 40, retries: 18, remaining: 0 } })).toEqual([
    '9 answered, 3 failed, 2 denied',
    'in the last ten seconds 18 for 40 calls; the budget has none left',
  ])
  expect(retryLines(NONE)).toEqual([])
})

test('a sheet has who waits, who may, and how long they waited', () => {
  expect(queueLines({ ...NONE, queue: { waiting: 3, max: 50, wait: WAIT } })).toEqual([
    '3 of 50 waiting',
    '120 have waited: p50 12ms, p99 1.2s, at most 1.3s',
  ])
  expect(queueLines({ ...NONE, queue: { waiting: 50, max: 50, wait: { ...WAIT, count: 0 } } })).toEqual([
    '50 of 50 waiting; one more is rejected',
  ])
  expect(queueLines(NONE)).toEqual([])
})
