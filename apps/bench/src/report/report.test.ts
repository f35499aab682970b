import { expect, test } from 'vitest'
import { exampleEnvironment, exampleResults, exampleScenario, exampleViewersResult } from '../example-results.ts'
import { fullPlan } from '../plan.ts'
import { judge } from '../targets.ts'
import { formatCount, formatFigure, formatInUnit, formatNs, formatRatio } from './figures.ts'
import { jsonReport } from './json.ts'
import { markdownReport } from './markdown.ts'
import { toMarkdown, toText } from './table.ts'
import { terminalReport } from './terminal.ts'

const spread = { median: 900, q1: 850, q3: 950 }
const results = exampleResults({
  scenarios: [exampleScenario('get', { 'svcproxy get': 60, 'lru-cache fetch': 50, 'bentocache getOrSet': 1200 })],
  populations: [
    { name: 'svcproxy, native', count: 10_000, makeUs: 8, heapBytes: 2_400, timers: 0, idleCpuPercent: 0.5 },
  ],
  http: [
    {
      framework: 'koa',
      variant: 'bare',
      requestsPerSecond: { ...spread, median: 1000 },
      cpuUsPerRequest: 90,
      p50Ms: 1,
      p99Ms: 2,
    },
    {
      framework: 'koa',
      variant: 'svcproxy native',
      requestsPerSecond: spread,
      cpuUsPerRequest: 95,
      p50Ms: 1,
      p99Ms: 2,
    },
  ],
  viewers: [
    exampleViewersResult('nothing', 2),
    exampleViewersResult('another process', 2.01),
    exampleViewersResult('this process', 2.04),
  ],
})
const measurements = { plan: fullPlan, environment: exampleEnvironment, results, verdicts: judge(results) }

test('a time is told in nanoseconds below 10 000, else in the larger units', () => {
  expect([0.5, 28.26, 719.4, 9_999, 10_000, 9_999_000, 10_000_000].map(formatNs)).toEqual([
    '0.50 ns',
    '28.3 ns',
    '719 ns',
    '9999 ns',
    '10.0 µs',
    '9999 µs',
    '10.0 ms',
  ])
})

test('a ratio keeps the digits that tell it from its limit', () => {
  expect([1 / 200, 0.004_96, 0.75, 1, 14.94, 123.4].map(formatRatio)).toEqual([
    '0.005 ×',
    '0.005 ×',
    '0.75 ×',
    '1.00 ×',
    '14.9 ×',
    '123 ×',
  ])
})

test('a figure never looks like the limit that it misses', () => {
  const target = { title: '', bound: 'at most', limit: 0.4, unit: 'ratio', measured: () => undefined } as const
  expect([0.4, 0.4012, 0.3961, 0.41].map((figure) => formatFigure(target, figure))).toEqual([
    '0.40 ×',
    '0.4012 ×',
    '0.3961 ×',
    '0.41 ×',
  ])
})

test('counts are grouped, and keep a fraction when they have one', () => {
  expect([7, 1_234, 1_234_567].map(formatCount)).toEqual(['7', '1 234', '1 234 567'])
  expect([0, 0.002, 20_000].map((count) => formatInUnit(count, 'count'))).toEqual(['0', '0.002', '20 000'])
})

test('a table is aligned in text, and escaped in Markdown', () => {
  const table = {
    head: ['', 'n'],
    rows: [
      ['a | b', '1'],
      ['c', '20'],
    ],
  }
  expect(toText(table)).toBe('         n\n─────   ──\na | b    1\nc       20')
  expect(toMarkdown(table)).toBe('|  | n |\n|---|---:|\n| a \\| b | 1 |\n| c | 20 |')
})

test('the terminal shows every table, each verdict, and their sum last', () => {
  const lines = terminalReport(results, measurements.verdicts)
    .split('\n')
    .map((line) => line.trim().replaceAll(/ {2,}/g, ' · '))
  expect(lines).toContain('The title of get')
  expect(lines).toContain('lru-cache fetch · 50.0 ns · 50.0 ns … 50.0 ns · 0.83 ×')
  expect(lines).toContain('svcproxy, native · 8.00 µs · 2 400 B · 0 · 0.50 %')
  expect(lines).toContain('koa, svcproxy native · 900 · 850 … 950 · 0.90 × · – · 95.0 µs · 1.00 ms · 2.00 ms')
  expect(lines).toContain('nobody watches · 12 000 · 0.50 ms · 2.00 ms · 30.0 µs · – · –')
  expect(lines).toContain('50 watch this process · 12 000 · 0.50 ms · 2.04 ms · 30.0 µs · 25.0 · 7 000 B')
  expect(lines).toContain('svcproxy get: of the time of lru-cache fetch · ≤ 1.00 × · 1.20 × · MISS')
  expect(lines).toContain('svcproxy get: times faster than bentocache getOrSet · ≥ 15.0 × · 20.0 × · pass')
  expect(lines.findLast((line) => line !== '')).toMatch(/^6 of 8 targets met; \d+ not measured$/)
})

test('the document has the environment, what each figure means, and the misses', () => {
  const document = markdownReport(measurements)
  expect(document).toContain('| Node.js | 24.0.0 (V8 13.6) |')
  expect(document).toContain('| Load average before and after | 0.10, 1.20 |')
  expect(document).toContain('opossum 10.0.0')
  expect(document).toContain('## The title of get\n\nThe meaning of get.\n\n|  | median |')
  expect(document).toContain('| lru-cache fetch | 50.0 ns | 50.0 ns … 50.0 ns | 0.83 × |')
  expect(document).toContain('## 10 000 of them, idle')
  expect(document).toContain('## Requests while operators watch')
  expect(document).toContain('| svcproxy get: of the time of lru-cache fetch | ≤ 1.00 × | 1.20 × | MISS |')
  expect(document.endsWith('|\n')).toBe(true)
})

test('bytes and instructions have a column when somebody has some', () => {
  const scenario = exampleScenario('get', { 'svcproxy get': 60, other: 50 })
  const [first, ...others] = scenario.contenders
  const counted = exampleResults({
    scenarios: [{ ...scenario, contenders: [{ ...first!, bytes: 1_200, instructions: 1_500 }, ...others] }],
    instructionCounter: 'a counter',
  })
  const document = markdownReport({ ...measurements, results: counted })
  expect(document).toContain('| median | middle half | × svcproxy get | bytes | instructions |')
  expect(document).toContain('| 1.00 × | 1 200 | 1 500 |')
  expect(document).toContain('| 0.83 × | – | – |')
  expect(document).toContain('counted by `a counter`')
  expect(markdownReport(measurements)).not.toContain('nstructions')
})

test('the figures for programs have every sample, rounded, on one line', () => {
  const scenario = exampleScenario('get', { 'svcproxy get': 60 })
  const contenders = scenario.contenders.map((contender) => ({ ...contender, samplesNs: [60.123_456_789, 1e-9, 61] }))
  const json = jsonReport({ ...measurements, results: exampleResults({ scenarios: [{ ...scenario, contenders }] }) })
  expect(json).toContain('"samplesNs": [60.1235, 1e-9, 61]')
  expect(JSON.parse(json)).toMatchObject({
    plan: { name: 'full' },
    environment: { node: '24.0.0' },
    targets: expect.arrayContaining([expect.objectContaining({ limit: 0.95, outcome: 'missed' })]),
  })
})

test('what failed is told', () => {
  const failed = exampleResults({ failures: ['get: svcproxy get: time: it broke\n  at somewhere'] })
  expect(terminalReport(failed, judge(failed))).toContain('it broke')
  expect(markdownReport({ ...measurements, results: failed })).toContain('- `get: svcproxy get: time: it broke`')
})
