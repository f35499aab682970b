import { expect, test } from 'vitest'
import { DRAIN_MS, GRACE_MS, HTTP_TROUBLES, isClientTrouble, planFor, POSTGRES_TROUBLES } from './plan.ts'

const minute = { seconds: 60, quick: false, seed: 7 }

test('the same seed plays the same rounds, another one others', () => {
  expect(planFor(minute)).toEqual(planFor(minute))
  expect(planFor(minute).rounds).not.toEqual(planFor({ ...minute, seed: 8 }).rounds)
})

test('a shorter soak with the same seed is the beginning of a longer one', () => {
  const { rounds } = planFor({ ...minute, seconds: 600 })
  expect(planFor(minute).rounds).toEqual(rounds.slice(0, planFor(minute).rounds.length))
})

test.for([
  ['full', minute],
  ['quick', { seconds: 18, quick: true, seed: 1 }],
  ['long', { ...minute, seconds: 600 }],
] as const)('it takes the time that was asked for: %s', ([, wish]) => {
  const { rounds, judgedMs } = planFor(wish)
  const lengths = rounds.map(({ troubleMs }) => troubleMs + GRACE_MS + judgedMs + DRAIN_MS)
  const ms = lengths.reduce((sum, length) => sum + length, judgedMs)
  expect(ms).toBeLessThanOrEqual(wish.seconds * 1_000)
  expect(ms).toBeGreaterThan(wish.seconds * 1_000 - 7_000)
})

test('however little time there is, one round is played', () => {
  expect(planFor({ ...minute, seconds: 1 }).rounds).toHaveLength(1)
})

test('each trouble comes up before any comes up again', () => {
  const { rounds } = planFor({ ...minute, seconds: 600 })
  const http = rounds.slice(0, HTTP_TROUBLES.length).map((round) => round.http)
  const postgres = rounds.slice(0, POSTGRES_TROUBLES.length).map((round) => round.postgres)
  expect(http.toSorted()).toEqual(HTTP_TROUBLES.toSorted())
  expect(postgres.toSorted()).toEqual(POSTGRES_TROUBLES.toSorted())
})

test('some troubles are made in the clients', () => {
  expect(HTTP_TROUBLES.filter((trouble) => isClientTrouble(trouble))).toEqual([
    'hung create',
    'hung check',
    'broken connection',
  ])
})
