import { expect, test } from 'vitest'
import { callsOf } from './healthy.ts'
import { History } from './history.ts'
import { EVERYTHING, Invalidations } from './instances.ts'
import { delaysOf } from './invalidation.ts'
import { extraGrowthOf, growthsOf } from './long-outage.ts'
import { periodsOf } from './probes.ts'

test('a period begins with a call and lasts a recovery time', () => {
  expect(periodsOf([0, 510, 512, 1_020], 500)).toEqual([1, 2, 1])
  expect(periodsOf([], 500)).toEqual([])
})

test('the commands that Redis has done are counted by name', () => {
  const stats = '# Commandstats\r\ncmdstat_evalsha:calls=12,usec=9\r\ncmdstat_config|resetstat:calls=1,usec=2\r\n'
  expect([...callsOf(stats)]).toEqual([
    ['evalsha', 12],
    ['config|resetstat', 1],
  ])
})

test('who does not hear of an invalidation before the next one has not heard of it', () => {
  const sent = [
    { at: 0, by: 0, service: 'desk' },
    { at: 100, by: 1, service: 'desk' },
    { at: 10, by: 0, service: 'files' },
  ]
  const heard = (process: number, service: string, at: number) =>
    ({ process, service, at, what: 'invalidated' }) as const
  const entries = [heard(1, 'desk', 2), heard(0, 'desk', 103), heard(2, 'desk', 101), heard(1, 'files', 11)]
  expect(delaysOf(sent, entries, 3)).toEqual([2, undefined, 3, 1, 1, undefined])
})

test('an instance that was loaded before the last invalidation of its service is stale', () => {
  const invalidations = new Invalidations(['desk', 'files'])
  expect(invalidations.stale({ desk: 1, files: 1 })).toEqual([])
  invalidations.add('desk', 10)
  invalidations.add('desk', 5)
  expect(invalidations.stale({ desk: 9, files: 1 })).toEqual(['desk'])
  expect(invalidations.stale({ desk: 11, files: 1 })).toEqual([])
  invalidations.add(EVERYTHING, 20)
  expect(invalidations.stale({ desk: 11, files: 21 })).toEqual(['desk'])
  expect(invalidations.stale({ files: 21 })).toEqual(['desk'])
})

test('a heap that grows by a hundred a second shows it, and one that goes up and down does not', () => {
  const samples = Array.from({ length: 20 }, (_, second) => ({
    at: second * 1_000,
    heapKib: [1_000 + 100 * second, 1_000 + (second % 2) * 50],
    queued: [0, 0],
  }))
  const [growing, steady] = growthsOf(samples)
  expect(growing?.slope).toBeCloseTo(1_500)
  expect(Math.abs(steady?.slope ?? Infinity)).toBeLessThan(2 * (steady?.error ?? 0))
})

test('what grows with Redis as well is not laid to its absence', () => {
  expect(
    extraGrowthOf([
      { slope: 370, error: 10 },
      { slope: 380, error: 10 },
    ]),
  ).toBe(0)
  expect(
    extraGrowthOf([
      { slope: 370, error: 3 },
      { slope: 500, error: 3 },
      { slope: 100, error: 4 },
    ]),
  ).toBe(390)
})

test('what is required of all is what somebody knows who lives, or Redis has not lost', () => {
  const [one, two] = [{ name: 'one' }, { name: 'two' }]
  const history = new History()
  history.invalidated(one, 'desk', 10)
  history.invalidated(two, 'files', 11)
  history.died(one, false)
  expect(history.required(['desk', 'files']).stale({ desk: 9, files: 9 })).toEqual(['desk', 'files'])
  history.lost(12)
  expect(history.required(['desk', 'files']).stale({ desk: 9, files: 9 })).toEqual(['files'])
  history.died(two, true)
  expect(history.required(['desk', 'files']).stale({ desk: 9, files: 9 })).toEqual([])
  expect(history.forgiven).toBe(2)
})
