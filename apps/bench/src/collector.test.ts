import { expect, test } from 'vitest'
import { createCollector } from './collector.ts'
import { exampleViewersResult } from './example-results.ts'
import type { Scenario } from './scenario.ts'

const scenario: Scenario = {
  id: 'example',
  title: 'An example',
  meaning: 'Nothing.',
  reference: 'a',
  contenders: { a: async () => ({ run: () => 1 }), b: async () => ({ run: () => 1 }) },
}
const OF = { scenarios: [scenario], count: 10, instructionCounter: undefined }

test('samples become medians, in the order of the scenario and not in that of the samples', () => {
  const collector = createCollector()
  collector.samplesOf('example', 'b').ns.push(5, 1, 3)
  collector.samplesOf('example', 'a').ns.push(2)
  collector.samplesOf('example', 'b').bytes.push(10, 30, 20)
  const [a, b] = collector.summary(OF).scenarios[0]?.contenders ?? []
  expect(a).toMatchObject({ name: 'a', ns: { median: 2 }, bytes: undefined })
  expect(b).toMatchObject({ name: 'b', samplesNs: [5, 1, 3], ns: { median: 3, q1: 2, q3: 4 }, bytes: 20 })
})

test('what was never measured has no figures, and a population without samples is left out', () => {
  const collector = createCollector()
  collector.populationSamplesOf('nobody')
  const { scenarios, populations, http, viewers } = collector.summary(OF)
  expect(scenarios[0]?.contenders[0]).toMatchObject({ name: 'a', ns: undefined, bytes: undefined })
  expect(populations).toEqual([])
  expect(http).toEqual([])
  expect(viewers).toEqual([])
})

test('each figure of a population and of a server is a median of its own', () => {
  const collector = createCollector()
  const population = { makeUs: 1, heapBytes: 100, timers: 0, idleCpuPercent: 0.5 }
  collector.populationSamplesOf('some').push(population, { ...population, makeUs: 3 }, { ...population, makeUs: 2 })
  const sample = { framework: 'koa', variant: 'bare', cpuUsPerRequest: 9, p50Ms: 1, p99Ms: 2 } as const
  for (const requestsPerSecond of [300, 100, 200]) collector.http.push({ ...sample, requestsPerSecond })
  const { populations, http } = collector.summary(OF)
  expect(populations).toEqual([{ ...population, name: 'some', count: 10, makeUs: 2 }])
  expect(http).toEqual([{ ...sample, requestsPerSecond: { median: 200, q1: 150, q3: 250 } }])
})

test('with viewers and without them, each figure is a median of its own rounds', () => {
  const collector = createCollector()
  for (const p99Ms of [3, 1, 2]) {
    collector.viewers.push(exampleViewersResult('this process', p99Ms + 1), exampleViewersResult('nothing', p99Ms))
  }
  expect(collector.summary(OF).viewers).toEqual([
    exampleViewersResult('nothing', 2),
    exampleViewersResult('this process', 3),
  ])
})
