import { CapacityError, CircuitOpenError, ServiceTimeoutError, ServiceUnavailableError } from '@svcproxy/core'
import { expect, test } from 'vitest'
import { NotFoundError } from './records.ts'
import { contradictions, endOf, Ends, Tally } from './tally.ts'

const gone = AbortSignal.abort(new Error('gone'))

test.for([
  ['not found', new NotFoundError('no')],
  ['failed', new Error('no')],
  ['failed', new ServiceUnavailableError('db', 'no')],
  ['timed out', new ServiceTimeoutError('db', 250)],
  ['rejected', new CircuitOpenError('db', 100)],
  ['rejected', new CapacityError('db', 'no')],
] as const)('%s: %s', ([end, error]) => {
  expect(endOf(error)).toBe(end)
})

test('a caller left when its own signal is what the call failed with', () => {
  expect(endOf(gone.reason, gone)).toBe('left')
  expect(endOf(new Error('the service failed first'), gone)).toBe('failed')
})

test('a tally knows how calls ended, how many have not, and which answers were wrong', async () => {
  const tally = new Tally()
  expect(await tally.watch(1, async () => 1)).toBe('answered')
  expect(await tally.watch(2, async () => 1)).toBe('answered')
  expect(await tally.watch(3, () => Promise.reject(gone.reason), gone)).toBe('left')
  void tally.watch(4, () => new Promise(() => {}))
  expect(tally.ends.begun).toBe(4)
  expect(tally.ends.open).toBe(1)
  expect(tally.ends.of('answered', 'left')).toBe(3)
  expect(tally.wrong).toBe(1)
})

const counts = {
  totalRequests: 7,
  successfulRequests: 2,
  failedRequests: 3,
  rejectedRequests: 1,
  inFlight: 1,
  timedOutRequests: 1,
  abortedRequests: 1,
}

function callersSaw(): Ends {
  const ends = new Ends()
  for (let call = 0; call < 7; call++) ends.begin()
  for (const end of ['answered', 'not found', 'failed', 'timed out', 'left', 'rejected'] as const) ends.end(end)
  return ends
}

test('a proxy that says what its callers say does not contradict them', () => {
  expect(contradictions(callersSaw(), counts, true)).toEqual([])
})

test('without a circuit nobody knows that "not found" is an answer', () => {
  expect(contradictions(callersSaw(), { ...counts, successfulRequests: 1, failedRequests: 4 }, false)).toEqual([])
})

test('a call that was counted twice, or not at all, is found', () => {
  expect(contradictions(callersSaw(), { ...counts, successfulRequests: 3 }, true)).toEqual([
    'totalRequests is 7, its parts add up to 8',
    'successfulRequests is 3, its callers count 2',
  ])
  expect(contradictions(callersSaw(), { ...counts, totalRequests: 6, inFlight: 0 }, true)).toEqual([
    'totalRequests is 6, its callers count 7',
    'inFlight is 0, its callers count 1',
  ])
})
