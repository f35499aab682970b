import { expect, test } from 'vitest'
import { markdownOf, type Result, textOf } from './report.ts'
import { atMost, exactly } from './scenario.ts'

const result: Result = {
  scenario: { name: 'probes', title: 'A service stays down', how: 'Calls are counted.' },
  findings: [
    { name: 'probes', figure: 10, unit: 'calls', limit: exactly(10) },
    { name: 'late', figure: 21.26, unit: 'ms', limit: atMost(20), isSpeed: true, note: 'rounds: 20 22' },
    { name: 'without', figure: 79, unit: 'calls' },
  ],
  tookMs: 61_000,
}
const environment = {
  date: '2026-01-31',
  node: '24.0.0',
  redis: '7.0.15',
  platform: 'linux x64',
  cpu: 'a CPU',
  cores: 2,
  loadBefore: 0.5,
  loadAfter: 3.25,
  seed: 7,
}

test('the page has each figure beside its limit, how it was made, and where', () => {
  const page = markdownOf([result], environment)
  expect(page).toContain('1 of 2 limits met')
  expect(page).toContain('one run of 1 minutes')
  expect(page).toContain('## A service stays down\n\nCalls are counted.')
  expect(page).toContain('| probes | exactly 10 | 10 calls | met |  |')
  expect(page).toContain('| late | at most 20 | 21.3 ms | MISSED | rounds: 20 22 |')
  expect(page).toContain('| without | – | 79 calls | – |  |')
  expect(page).toContain('| Load average before and after | 0.50, 3.25 |')
})

test('a quick run does not judge times', () => {
  expect(textOf(result, false)).toMatch(/late .* MISSED/)
  expect(textOf(result, true)).not.toContain('MISSED')
})
