import { expect, test } from 'vitest'
import { exampleResults, exampleScenario, exampleViewersResult } from './example-results.ts'
import { FRAMEWORKS, HTTP_VARIANTS } from './http/servers/contenders.ts'
import { populations } from './measures/population.ts'
import type { Results } from './results.ts'
import { scenarios } from './scenarios/index.ts'
import { judge, type Target, targets } from './targets.ts'

const find = (title: string): Target => targets.find((target) => target.title === title)!
const judgeOne = (title: string, results: Results) => judge(results, [find(title)])[0]

test('a cost is the quotient of two medians, and its limit is still good', () => {
  const title = 'svcproxy get: of the time of lru-cache fetch'
  const against = (own: number) =>
    judgeOne(
      title,
      exampleResults({ scenarios: [exampleScenario('get', { 'svcproxy get': own, 'lru-cache fetch': 50 })] }),
    )
  expect(against(40)).toMatchObject({ figure: 0.8, outcome: 'met' })
  expect(against(50)).toMatchObject({ figure: 1, outcome: 'met' })
  expect(against(51)).toMatchObject({ outcome: 'missed' })
})

test('an advantage is the quotient the other way round', () => {
  const title = 'svcproxy get: times faster than bentocache getOrSet'
  const against = (other: number) =>
    judgeOne(
      title,
      exampleResults({ scenarios: [exampleScenario('get', { 'svcproxy get': 50, 'bentocache getOrSet': other })] }),
    )
  expect(against(750)).toMatchObject({ figure: 15, outcome: 'met' })
  expect(against(700)).toMatchObject({ figure: 14, outcome: 'missed' })
})

test('what was not measured is neither met nor missed', () => {
  const verdicts = judge(exampleResults())
  expect(verdicts).toHaveLength(targets.length)
  for (const { figure, outcome } of verdicts) {
    expect({ figure, outcome }).toEqual({ figure: undefined, outcome: 'not measured' })
  }
})

test('throughput is compared within a framework', () => {
  const server = (framework: 'express' | 'koa', variant: 'bare' | 'svcproxy native', median: number) => {
    const requestsPerSecond = { median, q1: median, q3: median }
    return { framework, variant, requestsPerSecond, cpuUsPerRequest: 1, p50Ms: 1, p99Ms: 1 }
  }
  const http = [
    server('express', 'bare', 1000),
    server('koa', 'bare', 2000),
    server('express', 'svcproxy native', 949),
    server('koa', 'svcproxy native', 1900),
  ]
  const title = (framework: string) => `${framework}, svcproxy native: of the throughput of bare`
  expect(judgeOne(title('express'), exampleResults({ http }))).toMatchObject({ figure: 0.949, outcome: 'missed' })
  expect(judgeOne(title('koa'), exampleResults({ http }))).toMatchObject({ figure: 0.95, outcome: 'met' })
})

test('a duration is a median in milliseconds', () => {
  const title = 'management snapshot of 200 services'
  const taking = (ns: number) =>
    judgeOne(title, exampleResults({ scenarios: [exampleScenario('snapshot', { 'management snapshot': ns })] }))
  expect(taking(2e6)).toMatchObject({ figure: 2, outcome: 'met' })
  expect(taking(2.1e6)).toMatchObject({ figure: 2.1, outcome: 'missed' })
})

test('what viewers do to the slowest requests is the quotient of two medians', () => {
  const title = 'p99 with 50 viewers: of that while they watch another process'
  const watched = (p99Ms: number) => {
    const viewers = [exampleViewersResult('another process', 2), exampleViewersResult('this process', p99Ms)]
    return judgeOne(title, exampleResults({ viewers }))
  }
  expect(watched(2.1)).toMatchObject({ figure: 1.05, outcome: 'met' })
  expect(watched(2.2)).toMatchObject({ figure: 1.1, outcome: 'missed' })
})

test('a full run measures what every target needs', () => {
  const spread = { median: 1, q1: 1, q3: 1 }
  const results = exampleResults({
    scenarios: scenarios.map(({ id, title, meaning, reference, contenders, counted = [] }) => ({
      id,
      title,
      meaning,
      reference,
      contenders: Object.keys(contenders).map((name) => ({
        name,
        samplesNs: [1],
        ns: spread,
        bytes: 1,
        makings: counted.includes('makings') ? { timers: 0, abortControllers: 0 } : undefined,
        instructions: 1,
      })),
    })),
    populations: Object.keys(populations).map((name) => ({
      name,
      count: 1,
      makeUs: 1,
      heapBytes: 1,
      timers: 0,
      idleCpuPercent: 0,
    })),
    http: FRAMEWORKS.flatMap((framework) =>
      HTTP_VARIANTS.map((variant) => {
        return { framework, variant, requestsPerSecond: spread, cpuUsPerRequest: 1, p50Ms: 1, p99Ms: 1 }
      }),
    ),
    viewers: [exampleViewersResult('another process', 1), exampleViewersResult('this process', 1)],
  })
  expect(judge(results).filter(({ outcome }) => outcome === 'not measured')).toEqual([])
})

test('every target has a title of its own, and every reference of a scenario is one of its contenders', () => {
  expect(new Set(targets.map(({ title }) => title)).size).toBe(targets.length)
  for (const { reference, contenders } of scenarios) expect(Object.keys(contenders)).toContain(reference)
})
