import { expect, test } from 'vitest'
import { type Progress, runBenchmark } from './benchmark.ts'
import { quickPlan } from './plan.ts'

const plan = { ...quickPlan, rounds: 2, repeats: 0, time: { warmUpMs: 1, measureMs: 1 } }

test(
  'a benchmark has a sample for each contender and round, and tells how far it is',
  { timeout: 30_000 },
  async () => {
    const told: Progress[] = []
    const results = await runBenchmark({
      plan,
      parts: ['signals'],
      signal: new AbortController().signal,
      onProgress: (progress) => told.push(progress),
    })
    expect(results.failures).toEqual([])
    expect(results.scenarios.map(({ id }) => id)).toEqual(['signals'])
    for (const { samplesNs, makings } of results.scenarios[0]?.contenders ?? []) {
      expect(samplesNs).toHaveLength(2)
      expect(makings).toBeDefined()
    }
    expect(told.map(({ step }) => step)).toEqual(Array.from({ length: 12 }, (_, index) => index + 1))
    expect(told.at(-1)?.steps).toBe(12)
  },
)

test('an interrupted benchmark rejects and has no results', async () => {
  const interruption = new AbortController()
  const benchmark = runBenchmark({
    plan,
    parts: ['call'],
    signal: interruption.signal,
    onProgress: ({ step }) => step === 2 && interruption.abort(),
  })
  await expect(benchmark).rejects.toThrow('aborted')
})
