import { ManualClock } from '@svcproxy/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LatencyHistogram } from './latency-histogram.ts'
import { RequestCounters } from './service-metrics.ts'

describe('the counters', () => {
  test('give each end of a request its own count, and rates over what has settled', () => {
    const clock = new ManualClock()
    const counters = new RequestCounters(clock)
    const settle = (
      ...[end, outcome]: [Parameters<RequestCounters['settle']>[0], 'success' | 'failure' | 'ignored']
    ) => {
      counters.begin()
      counters.settle(end, outcome, clock.now(), new Error(end))
    }
    settle('fulfilled', 'success')
    settle('rejected', 'ignored')
    settle('rejected', 'failure')
    settle('timeout', 'failure')
    settle('aborted', 'ignored')
    for (let refusal = 0; refusal < 5; refusal++) settle('refused', 'ignored')
    counters.begin()
    for (const result of ['hit', 'miss', 'miss', 'stale', 'stale', 'stale'] as const) counters.found(result)
    expect(counters.snapshot('open')).toMatchObject({
      totalRequests: 11,
      successfulRequests: 2,
      failedRequests: 3,
      timedOutRequests: 1,
      abortedRequests: 1,
      rejectedRequests: 5,
      inFlight: 1,
      successRate: 20,
      failureRate: 80,
      cacheHits: 1,
      cacheMisses: 2,
      staleServed: 3,
      circuitState: 'open',
    })
  })

  test('tell the time of the last success and failure by the wall, as it is when they are asked', () => {
    const clock = new ManualClock({ wallMs: 1_000_000 })
    const counters = new RequestCounters(clock)
    counters.begin()
    counters.settle('fulfilled', 'success', clock.now(), undefined)
    clock.advance(400)
    counters.hit()
    expect(counters.snapshot('closed').lastSuccessTime?.getTime(), 'the cache is not the service').toBe(1_000_000)
    counters.begin()
    counters.settle('rejected', 'failure', clock.now(), new Error('no'))
    clock.advance(600)
    const { lastSuccessTime, lastFailureTime } = counters.snapshot('closed')
    expect([lastSuccessTime?.getTime(), lastFailureTime?.getTime()]).toEqual([1_000_000, 1_000_400])
  })

  test('keep a histogram for each of 64 methods and one for all others', () => {
    const counters = new RequestCounters(new ManualClock())
    for (let method = 0; method < 70; method++) counters.worked(`method${method}`, 1)
    counters.worked('method0', 1)
    const { latency } = counters.snapshot('closed')
    expect(Object.keys(latency)).toHaveLength(65)
    expect([latency['method0']?.count, latency['method63']?.count, latency['$other']?.count]).toEqual([2, 1, 6])
  })

  test('summarise the latencies of all methods as one histogram would, also of more methods than have one', () => {
    const work = fc.array(fc.tuple(fc.integer({ min: 0, max: 90 }), fc.integer({ min: 0, max: 60_000 })), {
      maxLength: 300,
    })
    fc.assert(
      fc.property(work, (done) => {
        const counters = new RequestCounters(new ManualClock())
        const all = new LatencyHistogram()
        for (const [method, durationMs] of done) {
          counters.worked(`method${method}`, durationMs)
          all.record(durationMs)
        }
        const { overallLatency, latency } = counters.snapshot('closed')
        expect(overallLatency).toEqual(all.summary())
        expect(Object.values(latency).reduce((sum, { count }) => sum + count, 0)).toBe(done.length)
      }),
    )
  })
})

test('a method is a label only when it was seen to run; others share one, and of a refused one nothing is known', () => {
  const counters = new RequestCounters(new ManualClock())
  for (let method = 0; method < 64; method++) counters.worked(`method${method}`, 1)
  expect(counters.labelOf('method63', true)).toBe('method63')
  expect(counters.labelOf('method64', false)).toBe('$unknown')
  counters.worked('method64', 1)
  expect(counters.labelOf('method64', false)).toBe('$other')
  expect(counters.labelOf('method64', true)).toBe('$unknown')
})
