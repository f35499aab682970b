import type { CircuitView, ServiceView } from '@svcproxy/http'
import { expect, test } from 'vitest'
import {
  budgetWords,
  changesBetween,
  hasRetries,
  isUnwell,
  queueWords,
  rateWords,
  select,
  STATE_LABEL,
  STATE_TONE,
  stateAfter,
  stateOf,
  stateWords,
  toneOf,
  totalsOf,
} from './services.ts'
import { circuitIn, serviceView } from './sample-service.ts'

const well = serviceView({ name: 'well' })
const bare = serviceView({ name: 'bare', circuit: null })
const open = serviceView({ name: 'open', status: 'warn', circuit: circuitIn('open') })
const trying = serviceView({ name: 'trying', status: 'warn', circuit: circuitIn('half_open') })
const held = serviceView({ name: 'held', status: 'warn', circuit: circuitIn('isolated') })
const ill = serviceView({ name: 'ill', status: 'warn', health: { healthy: false, at: '2026-01-01T00:00:00Z' } })
const failing = serviceView({ ...ill, name: 'failing', status: 'fail' })
const all = [well, trying, ill, bare, held, open, failing]

const names = (services: readonly ServiceView[]): string[] => services.map(({ name }) => name)
const anything = { text: '', onlyUnwell: false, order: 'unwell' } as const

test('a closed or missing circuit is well; anything else, and an unhealthy service, is unwell', () => {
  expect(names(all.filter(isUnwell))).toEqual(['trying', 'ill', 'held', 'open', 'failing'])
})

test('totals count each state, and an unwell service once', () => {
  const inState = { closed: 3, open: 1, half_open: 1, isolated: 1, none: 1, observing: 0 }
  expect(totalsOf(all)).toEqual({ services: 7, inState, unhealthy: 2, unwell: 5 })
})

test('the worst comes first; services that are equally well keep their order', () => {
  expect(names(select(all, anything))).toEqual(['failing', 'open', 'held', 'trying', 'ill', 'well', 'bare'])
})

test('names sort as people count: 2 before 10', () => {
  const numbered = ['shard-10', 'shard-2', 'Alpha'].map((name) => serviceView({ name }))
  expect(names(select(numbered, { ...anything, order: 'name' }))).toEqual(['Alpha', 'shard-2', 'shard-10'])
})

test('the busiest comes first when that is asked for, and what is not measured yet last', () => {
  const busy = serviceView({ name: 'busy', requestsPerSecond: 12 })
  const idle = serviceView({ name: 'idle', requestsPerSecond: 0.1 })
  const unmeasured = serviceView({ name: 'unmeasured', requestsPerSecond: null })
  const order = names(select([unmeasured, idle, busy], { ...anything, order: 'traffic' }))
  expect(order).toEqual(['busy', 'idle', 'unmeasured'])
})

test('the filter finds a part of a name in any case, and leaves what is well out when asked to', () => {
  expect(names(select(all, { ...anything, text: ' EL ' }))).toEqual(['held', 'well'])
  expect(names(select(all, { ...anything, text: 'el', onlyUnwell: true }))).toEqual(['held'])
})

test('selecting leaves the snapshot as it was', () => {
  select(all, anything)
  expect(names(all)).toEqual(['well', 'trying', 'ill', 'bare', 'held', 'open', 'failing'])
})

test('an unwell service has the colour of its circuit, or of its illness when the circuit is closed', () => {
  expect([open, trying, held, ill].map(toneOf)).toEqual(['bad', 'warn', 'held', 'bad'])
})

/** A circuit that decides and refuses nothing. */
const observing = (state: CircuitView['state']): ServiceView =>
  serviceView({ name: 'tried', circuit: { ...circuitIn(state), mode: 'observe' } })

test('a circuit that only observes is in none of the states of one that protects, and is well, unless it is isolated', () => {
  for (const state of ['closed', 'open', 'half_open'] as const) {
    expect(stateOf(observing(state))).toBe('observing')
    expect(isUnwell(observing(state))).toBe(false)
  }
  expect(stateOf(observing('isolated'))).toBe('isolated')
  expect(isUnwell(observing('isolated'))).toBe(true)
  const services = [observing('open'), observing('isolated'), open]
  expect(totalsOf(services)).toMatchObject({ inState: { observing: 1, isolated: 1, open: 1 }, unwell: 2 })
  expect(names(select([observing('open'), open], anything))).toEqual(['open', 'tried'])
})

test('observing has a word, a colour and a sentence of its own', () => {
  for (const record of [STATE_LABEL, STATE_TONE]) {
    const { observing: own, ...others } = record
    expect(Object.values(others)).not.toContain(own)
  }
  expect(stateWords(observing('half_open'))).toBe('would be half-open')
  expect(stateWords(open)).toBe('open')
  const ill = serviceView({
    ...observing('open'),
    status: 'warn',
    health: { healthy: false, at: '2026-01-01T00:00:00Z' },
  })
  expect(toneOf(ill)).toBe('bad')
  expect(changesBetween([observing('closed')], [observing('open')])).toEqual(['tried: circuit would be open'])
})

test('a rule over a window says its part, its limit, and how many calls it takes', () => {
  const words = rateWords({ kind: 'slow', calls: 12, bad: 3, ratio: 0.25, threshold: 0.8, minimumCalls: 20 })
  expect(Object.values(words).map((text) => text.replaceAll('\u202f', ' '))).toEqual([
    '25 %',
    '80 % slow',
    '25 % of 12 calls slow; opens at 80 % of 20 or more',
  ])
  const empty = rateWords({ kind: 'failure', calls: 0, bad: 0, ratio: 0, threshold: 0.5, minimumCalls: 20 })
  expect(empty.part).toBe('–')
})

test('retries are told of once a call was made that may be retried', () => {
  expect(hasRetries(well)).toBe(false)
  expect(hasRetries(serviceView({ retryBudget: { calls: 0, retries: 0, remaining: 10 } }))).toBe(true)
})

test('a budget of retries says what is left of it; none is trouble while there are calls', () => {
  expect(budgetWords({ calls: 40, retries: 3, remaining: 15 })).toEqual({
    left: '15 left',
    isTrouble: false,
    spent: '3 for 40 calls in 10 s',
  })
  expect(budgetWords({ calls: 40, retries: 18, remaining: 0 })).toMatchObject({ left: 'none left', isTrouble: true })
  expect(budgetWords({ calls: 0, retries: 0, remaining: 0 })).toMatchObject({ left: 'none left', isTrouble: false })
})

test('a queue says how many wait of how many may, whether it is full, and how long it took if any have waited', () => {
  const wait = { count: 120, p50Ms: 12, p90Ms: 30, p99Ms: 40, maxMs: 41 }
  const words = queueWords({ waiting: 3, max: 50, wait })
  expect({ ...words, wait: words.wait?.replaceAll('\u202f', ' ') }).toEqual({
    waiting: '3 of 50 waiting',
    isFull: false,
    wait: 'wait p99 40 ms',
  })
  expect(queueWords({ waiting: 50, max: 50, wait: { ...wait, count: 0 } })).toEqual({
    waiting: '50 of 50 waiting',
    isFull: true,
    wait: null,
  })
})

test('a transition that was only observed is shown as such, an isolation as what it is', () => {
  const told = { id: 1, at: '2026-01-01T00:00:00Z', service: 'tried', cause: 'process' } as const
  const event = { ...told, type: 'circuit', observed: true } as const
  expect(stateAfter({ ...event, from: 'closed', to: 'open' })).toBe('observing')
  expect(stateAfter({ ...event, from: 'open', to: 'isolated' })).toBe('isolated')
  expect(stateAfter({ ...event, from: 'isolated', to: 'closed' })).toBe('closed')
  expect(stateAfter({ ...event, from: 'closed', to: 'open', observed: false })).toBe('open')
})

test('only changes are told, and only of services that were known before', () => {
  const before = [well, open, ill]
  const after = [
    serviceView({ name: 'well', circuit: circuitIn('open') }),
    open,
    serviceView({ name: 'ill', health: { healthy: true, at: '2026-01-01T00:00:05Z' } }),
    trying,
  ]
  expect(changesBetween(before, after)).toEqual(['well: circuit open', 'ill: healthy again'])
})

test('a first health check that finds all well is no news; one that does not is', () => {
  const healthy = serviceView({ name: 'well', health: { healthy: true, at: '2026-01-01T00:00:05Z' } })
  const unhealthy = serviceView({ name: 'well', health: { healthy: false, at: '2026-01-01T00:00:05Z' } })
  expect(changesBetween([well], [healthy])).toEqual([])
  expect(changesBetween([well], [unhealthy])).toEqual(['well: unhealthy'])
})
