import { expect, test } from 'vitest'
import { passageTable, roundLine } from './report.ts'
import { Ends } from './tally.ts'
import type { CallEnd } from './tally.ts'

function calls(count: number, end: CallEnd): Ends {
  const ends = new Ends()
  for (let call = 0; call < count; call++) {
    ends.begin()
    ends.end(end)
  }
  return ends
}

const well = calls(100, 'answered')
const unwell = calls(50, 'failed')
const recovered = { trouble: 'hang', kind: 'native', during: unwell, recovering: unwell, after: well }
const lost = { ...recovered, after: unwell }

test('rounds of the same trouble share a row, whose verdict is of the worst', () => {
  const [, head, first, second] = passageTable([recovered, { ...lost, kind: 'opossum' }, recovered, lost]).split('\n')
  expect(head).toMatch(/^— hang +calls +ok during +first second +then +worst % +verdict$/)
  expect(first).toMatch(/^native +550 +0\/150 +0\/150 +200\/250 +0\.0 +FAILED 1 of 3: it outlived its outage$/)
  expect(second).toMatch(/^opossum +150 +0\/50 +0\/50 +0\/50 +0\.0 +FAILED 1 of 1/)
})

test('each trouble has a heading', () => {
  const table = passageTable([recovered, { ...recovered, trouble: 'freeze' }, recovered])
  expect(table.match(/^— .*?(?= {2})/gm)).toEqual(['— freeze', '— hang'])
})

const report = {
  round: { number: 3, http: 'hang', postgres: 'lock', troubleMs: 1_900 },
  passages: [recovered],
  crowds: [],
  slowestBeatMs: 12.3,
  heapBytes: 20 * 2 ** 20,
  abandonedCalls: 7,
  abandonedLoads: 2,
} as const

test('a round is a line', () => {
  const line = roundLine(report)
  expect(line).toContain('3  http: hang, postgres: lock, 1.9 s')
  expect(line).toContain('heap 20.0 MiB')
  expect(line).toContain('7 calls, 2 loads')
  expect(line).toContain('slowest beat 12 ms')
  expect(line).toMatch(/ok$/)
})

test('a round that left something behind says so', () => {
  const crowd = { name: 'native', ok: false, detail: '90 at once' }
  expect(roundLine({ ...report, passages: [recovered, lost] })).toContain('1 stayed unwell')
  expect(roundLine({ ...report, crowds: [crowd] })).toContain('1 crowded the service')
})
