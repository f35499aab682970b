import { expect, test } from 'vitest'
import { addTo, kindOf, Ledger } from './ledger.ts'
import type { Answer } from './ledger.ts'

const answer = (parts: Partial<Answer>): Answer => ({
  side: 'proxied',
  path: '/entities',
  status: 200,
  retryAfter: undefined,
  lastKnown: false,
  durationMs: 1,
  ...parts,
})

test.each([
  ['live', answer({})],
  ['live', answer({ status: 202 })],
  ['lastKnown', answer({ lastKnown: true })],
  ['refused', answer({ status: 503, retryAfter: '2' })],
  ['failed', answer({ status: 503 })],
  ['failed', answer({ status: 500, retryAfter: '2' })],
  ['failed', answer({ status: 0 })],
])('%s', (kind, given) => {
  expect(kindOf(given)).toBe(kind)
})

test('a request is counted when it is answered, recent ones once', () => {
  const ledger = new Ledger()
  const first = ledger.begin(0)
  const second = ledger.begin(0)
  expect(ledger).toMatchObject({ waiting: 2, mostWaiting: 2 })
  first(answer({ durationMs: 5 }))
  second(answer({ status: 500, durationMs: 7 }))
  const both = { requests: 2, live: 1, lastKnown: 0, refused: 0, failed: 1, longestMs: 7, waitedMs: 12 }
  expect(ledger.takeRecent(10)).toEqual(both)
  expect(ledger.takeRecent(10)).toMatchObject({ requests: 0, longestMs: 0 })
  expect(ledger.total).toEqual(both)
  expect(ledger).toMatchObject({ waiting: 0, mostWaiting: 2 })
})

test('who still waits is seen to wait', () => {
  const ledger = new Ledger()
  ledger.begin(100)
  expect(ledger.takeRecent(3_100).longestMs).toBeCloseTo(3_000)
  expect(ledger.total.requests).toBe(0)
})

test('tallies are added up, of durations the longest', () => {
  const [sum, more] = [new Ledger(), new Ledger()]
  sum.begin(0)(answer({ durationMs: 7 }))
  more.begin(0)(answer({ status: 202, durationMs: 5 }))
  more.begin(0)(answer({ status: 500, durationMs: 1 }))
  addTo(sum.total, more.total)
  expect(sum.total).toEqual({
    requests: 3,
    live: 2,
    lastKnown: 0,
    refused: 0,
    failed: 1,
    longestMs: 7,
    waitedMs: 13,
  })
})
