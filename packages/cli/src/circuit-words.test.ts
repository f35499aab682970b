import { expect, test } from 'vitest'
import type { CircuitRow as Circuit } from './answers.ts'
import { circuitLines, nearestRule, noteText } from './circuit-words.ts'

const NOW = Date.UTC(2026, 0, 1)
const inSeconds = (seconds: number): string => new Date(NOW + seconds * 1_000).toISOString()

function circuit(part: Partial<Circuit> = {}): Circuit {
  return {
    state: 'closed',
    since: inSeconds(-60),
    mode: 'enforce',
    wouldReject: 0,
    consecutiveFailures: 0,
    failureThreshold: 5,
    rates: [],
    retryAt: null,
    openings: 0,
    rampUntil: null,
    heldByOperator: false,
    heldBy: null,
    ...part,
  }
}

function rate(kind: 'failure' | 'slow', bad: number, calls: number, threshold: number): Circuit['rates'][number] {
  return { kind, calls, bad, ratio: calls === 0 ? 0 : bad / calls, threshold, minimumCalls: 20 }
}

test.each([
  [{ consecutiveFailures: 2 }, '2/5', true],
  [{ failureThreshold: null }, '0/∞', false],
  [{ failureThreshold: null, consecutiveFailures: 3, rates: [rate('failure', 0, 0, 0.5)] }, '0/50%', false],
  [{ consecutiveFailures: 1, rates: [rate('failure', 34, 100, 0.5)] }, '34/50%', true],
  [{ consecutiveFailures: 4, rates: [rate('failure', 34, 100, 0.5)] }, '4/5', true],
  // All of three calls failed, of the twenty that it takes.
  [{ consecutiveFailures: 3, rates: [rate('failure', 3, 3, 0.5)] }, '3/5', true],
  [{ rates: [rate('failure', 1, 100, 0.5), rate('slow', 19, 100, 0.2)] }, '19/20% slow', true],
])('of %o the nearest rule is %s', (part, text, isBad) => {
  expect(nearestRule(circuit(part))).toMatchObject({ text, isBad })
})

test.each([
  [{}, undefined],
  [{ state: 'open', retryAt: inSeconds(27.5), openings: 1 }, 'trial 28s'],
  [{ state: 'open', retryAt: inSeconds(120), openings: 3 }, 'trial 2m00s ×3'],
  [{ state: 'half_open', openings: 3 }, 'opened ×3'],
  [{ rampUntil: inSeconds(12) }, 'ramp 12s'],
  [{ state: 'open', mode: 'observe', wouldReject: 7, openings: 2, retryAt: inSeconds(5) }, 'would reject 7'],
  [{ state: 'isolated', mode: 'observe', wouldReject: 7 }, undefined],
  [{ heldBy: undefined }, undefined],
  [{ state: 'open', heldBy: 'fleet', retryAt: inSeconds(28), openings: 1 }, 'held by the fleet, trial 28s'],
  [{ state: 'half_open', heldBy: 'fleet', openings: 1 }, 'held by the fleet'],
  [{ state: 'open', heldBy: '\u001b[2J' }, String.raw`held by the \u001b[2J`],
] as const)('of %o a row notes: %s', (part, note) => {
  expect(noteText(circuit(part), NOW)).toBe(note)
})

test('a sheet has all of it: the rules in full, what comes next, and how often it has opened', () => {
  const rates = [rate('failure', 41, 120, 0.5), rate('slow', 0, 0, 0.8)]
  expect(circuitLines(circuit({ rates, rampUntil: inSeconds(12) }), NOW)).toEqual([
    'ramping up; admits all calls in 12s',
    'failed 34.2% of 120 calls; opens at 50% of 20 or more',
    'slow 0% of 0 calls; opens at 80% of 20 or more',
  ])
  expect(circuitLines(circuit({ state: 'open', openings: 3, retryAt: inSeconds(90) }), NOW)).toEqual([
    'next trial in 1m30s',
    'opened 3 times without a close in between',
  ])
  expect(circuitLines(circuit(), NOW)).toEqual([])
})

test('a sheet says of a circuit that only observes that it refuses nothing, and of an isolation that it holds', () => {
  const observing = circuit({ state: 'half_open', mode: 'observe', wouldReject: 7, openings: 1 })
  expect(circuitLines(observing, NOW)).toEqual([
    'only observes and rejects nothing; it would be half-open',
    'would have rejected 7 calls',
  ])
  const held = circuit({ state: 'isolated', mode: 'observe', wouldReject: 7, heldByOperator: true })
  expect(circuitLines(held, NOW)).toEqual(['would have rejected 7 calls', 'held open by an operator'])
})
