import { EventEmitter } from 'node:events'
import OpossumBreaker from 'opossum'
import { expect, test } from 'vitest'
import { resolveDecision } from './decision-options.ts'
import { Judge } from './judge.ts'

const judge = new Judge(resolveDecision({ errorThresholdPercentage: 50, volumeThreshold: 4 })!)
const given = (fires: number, failures: number, warmUp: boolean = false) => {
  const { stats } = OpossumBreaker.newStatus({ enableSnapshots: false, rotateBucketController: new EventEmitter() })
  return { counts: { ...stats, fires, failures }, warmUp }
}

test('opossum opens above the percentage, at the volume, and not while it warms up', () => {
  expect(judge.wouldOpen(given(4, 3))).toBe(true)
  expect(judge.wouldOpen(given(4, 2)), 'exactly at the percentage').toBe(false)
  expect(judge.wouldOpen(given(3, 3)), 'below the volume').toBe(false)
  expect(judge.wouldOpen(given(4, 3, true))).toBe(false)
})

test('it does not open itself, counts nothing, and answers the same thing however often it is asked', () => {
  for (let count = 0; count < 1_000; count++) expect(judge.wouldOpen(given(4, 4))).toBe(true)
  expect(judge.opened).toBe(false)
  expect(judge.stats).toMatchObject({ fires: 0, failures: 0 })
  expect(judge.wouldOpen(given(4, 1))).toBe(false)
})
