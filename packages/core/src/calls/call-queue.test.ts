import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { ManualClock, plainBreaker } from '@svcproxy/testing'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { factoryProvider, ServiceProxy, ServiceProxyManager } from '../index.ts'
import type { ServiceProxyOptions } from '../index.ts'
import type { CallTrace } from '../adapter.ts'

const gone = new Error('the caller gave up')
const down = new Error('down')

/** A call that has reached the service, to be answered by the test. */
interface Running {
  readonly id: number
  readonly answer: () => void
  readonly fail: (error: unknown) => void
}

/** A service that holds every call until the test answers it. */
function setUp(options: Partial<ServiceProxyOptions<{ ask(id: number): Promise<number> }>> = {}) {
  const clock = new ManualClock()
  const running: Running[] = []
  const seen: number[] = []
  const ask = (id: number) =>
    new Promise<number>((resolve, reject) => {
      seen.push(id)
      running.push({ id, answer: () => resolve(id), fail: reject })
    })
  const proxy = new ServiceProxy('desk', {
    provider: factoryProvider('desk', { create: () => ({ ask }) }),
    breaker: plainBreaker,
    timeoutMs: 1_000,
    maxConcurrentCalls: 2,
    maxQueuedCalls: 3,
    clock,
    ...options,
  })
  const answers: (number | string)[] = []
  const call = (id: number, signal?: AbortSignal): void => {
    proxy
      .serviceWith({ signal })
      .ask(id)
      .then(
        (answer) => answers.push(answer),
        (error: unknown) => answers.push(`${id}: ${error === gone ? 'gone' : (error as Error).name}`),
      )
  }
  const calls = async (ids: readonly number[]): Promise<void> => {
    for (const id of ids) call(id)
    await clock.settle()
  }
  const stop = async (): Promise<void> => {
    const stopping = proxy.stop({ timeoutMs: 0 })
    await clock.advanceAsync(0)
    await stopping
  }
  onTestFinished(stop)
  return { clock, running, seen, answers, call, calls, proxy, stop }
}

describe('one call too many', () => {
  test('waits, in the order they came; and one too many of those is refused at once', async () => {
    const { clock, running, seen, answers, calls, proxy } = setUp()
    await calls([1, 2, 3, 4, 5, 6, 7])
    expect(seen).toEqual([1, 2])
    expect(answers).toEqual(['6: CapacityError', '7: CapacityError'])
    expect(proxy.getMetrics()).toMatchObject({ inFlight: 5, queuedCalls: 3, rejectedRequests: 2 })
    await clock.advanceAsync(100)
    for (const expected of [3, 4, 5]) {
      running.shift()?.answer()
      await clock.settle()
      expect(seen.at(-1)).toBe(expected)
    }
    running.shift()?.answer()
    running.shift()?.answer()
    await clock.settle()
    expect(answers.slice(2)).toEqual([1, 2, 3, 4, 5])
    const metrics = proxy.getMetrics()
    expect(metrics).toMatchObject({ inFlight: 0, queuedCalls: 0, successfulRequests: 5, totalRequests: 7 })
    expect(metrics.queueWait).toMatchObject({ count: 3, maxMs: 100 })
    // A call's own deadline begins when it has its place, and its latency when it was asked for.
    expect(metrics.overallLatency.maxMs).toBe(100)
    expect(metrics.cacheHits + metrics.cacheMisses).toBe(7)
  })

  test('of ten places and fifty waiting: 10 run, 50 wait in order, 140 are refused at once', async () => {
    const { clock, running, seen, answers, calls, proxy } = setUp({ maxConcurrentCalls: 10, maxQueuedCalls: 50 })
    await proxy.get()
    await calls(Array.from({ length: 200 }, (_, id) => id))
    expect([seen.length, proxy.getCounts().queuedCalls, answers.length]).toEqual([10, 50, 140])
    while (running.length > 0) {
      running.shift()?.answer()
      await clock.settle()
      expect(running.length).toBeLessThanOrEqual(10)
    }
    expect(seen).toEqual(Array.from({ length: 60 }, (_, id) => id))
    expect(answers.slice(140)).toEqual(seen)
  })

  test('does not overtake those who wait, also when a place is free for a moment', async () => {
    const { clock, running, seen, calls, call } = setUp({ maxConcurrentCalls: 1 })
    await calls([1, 2])
    running.shift()?.answer()
    await Promise.resolve()
    await Promise.resolve()
    call(3)
    await clock.settle()
    running.shift()?.answer()
    await clock.settle()
    expect(seen).toEqual([1, 2, 3])
  })

  test('runs in the context of its own request', async () => {
    const requests = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    const { clock, running, proxy } = setUp({ maxConcurrentCalls: 1 })
    const inside = (name: string) =>
      requests.run(name, () => proxy.call((service) => (seen.push(requests.getStore()), service.ask(0))))
    const calls = [inside('first'), inside('second')]
    await clock.settle()
    running.shift()?.answer()
    await clock.settle()
    running.shift()?.answer()
    await Promise.all(calls)
    expect(seen).toEqual(['first', 'second'])
  })

  test('is told to who listens to calls', async () => {
    const traces: CallTrace[] = []
    const listener = (trace: unknown): void => void traces.push(trace as CallTrace)
    subscribe('tracing:svcproxy:call:asyncEnd', listener)
    onTestFinished(() => void unsubscribe('tracing:svcproxy:call:asyncEnd', listener))
    const { clock, running, calls } = setUp({ maxConcurrentCalls: 1 })
    await calls([1, 2])
    await clock.advanceAsync(70)
    running.shift()?.answer()
    await clock.settle()
    running.shift()?.answer()
    await clock.settle()
    expect(traces).toMatchObject([{ durationMs: 70 }, { durationMs: 70, queuedMs: 70 }])
    expect(traces[0]?.queuedMs).toBeUndefined()
  })

  test('is told how many run and wait, and how long it has waited', async () => {
    const { clock, calls, proxy } = setUp({ maxConcurrentCalls: 1, maxQueuedCalls: 1 })
    await calls([1])
    const queued = proxy.service.ask(2).catch((error: unknown) => (error as Error).message)
    await expect(proxy.service.ask(3)).rejects.toThrow(
      'is at capacity: 1 calls are in flight (maxConcurrentCalls), 1 are queued',
    )
    await clock.advanceAsync(1_000)
    expect(await queued).toMatch(/: 1 calls are in flight \(maxConcurrentCalls\), and none ended within 1000 ms$/)
  })

  test('without a queue is refused at once', async () => {
    const { answers, calls } = setUp({ maxQueuedCalls: 0 })
    await calls([1, 2, 3])
    expect(answers).toEqual(['3: CapacityError'])
  })
})

describe('a call that waits', () => {
  test('leaves when its caller gives up, wherever it stands', async () => {
    const { clock, running, seen, answers, call, calls, proxy } = setUp({ maxConcurrentCalls: 1 })
    await calls([1, 2])
    const controller = new AbortController()
    call(3, controller.signal)
    await calls([4])
    controller.abort(gone)
    await clock.settle()
    expect(answers).toEqual(['3: gone'])
    expect(proxy.getCounts()).toMatchObject({ queuedCalls: 2, abortedRequests: 1 })
    for (let count = 0; count < 3; count++) {
      running.shift()?.answer()
      await clock.settle()
    }
    expect(seen).toEqual([1, 2, 4])
  })

  test('that gives up in the moment in which it is called gives its place to the next', async () => {
    // The place is given when the first call has ended, some microtasks on, and taken some more microtasks on.
    for (let moments = 0; moments < 12; moments++) {
      const { clock, running, seen, answers, call, calls, proxy } = setUp({ maxConcurrentCalls: 1 })
      await calls([1])
      const controller = new AbortController()
      call(2, controller.signal)
      await calls([3])
      running.shift()?.answer()
      for (let moment = 0; moment < moments; moment++) await Promise.resolve()
      controller.abort(gone)
      await clock.settle()
      for (const { answer } of running) answer()
      await clock.settle()
      running.at(-1)?.answer()
      await clock.settle()
      expect(seen.filter((id) => id !== 2)).toEqual([1, 3])
      expect(answers).toContain(3)
      expect(proxy.getCounts()).toMatchObject({ inFlight: 0, queuedCalls: 0, totalRequests: 3 })
    }
  })

  test('is refused when the circuit opens, and when it is isolated', async () => {
    for (const open of ['fail', 'isolate'] as const) {
      const { clock, running, seen, answers, calls, proxy } = setUp({ circuit: { failureThreshold: 1 } })
      await proxy.get()
      await calls([1, 2, 3, 4])
      const isolation = open === 'isolate' ? proxy.isolateCircuit() : undefined
      if (open === 'fail') running.shift()?.fail(down)
      await clock.settle()
      expect(seen).toEqual([1, 2])
      expect(answers.filter((answer) => answer !== '1: Error')).toEqual(['3: CircuitOpenError', '4: CircuitOpenError'])
      expect(proxy.getCounts()).toMatchObject({ queuedCalls: 0, rejections: { capacity: 0 } })
      // Nothing of them is left: as many run and wait as may, when it is closed again.
      for (const { answer } of running) answer()
      await clock.settle()
      isolation?.[Symbol.dispose]()
      proxy.resetCircuitBreaker()
      running.length = 0
      await calls([11, 12, 13, 14, 15, 16])
      expect(seen.slice(2)).toEqual([11, 12])
      expect([proxy.getCounts().queuedCalls, answers.at(-1)]).toEqual([3, '16: CapacityError'])
      running.shift()?.answer()
      await clock.settle()
      expect(seen.at(-1)).toBe(13)
    }
  })

  test('is not refused by a circuit that only observes', async () => {
    const { clock, running, seen, calls, proxy } = setUp({ circuit: { failureThreshold: 1, mode: 'observe' } })
    await proxy.get()
    await calls([1, 2, 3])
    running.shift()?.fail(down)
    await clock.settle()
    expect(proxy.circuitState).toBe('open')
    expect(seen).toEqual([1, 2, 3])
  })

  test('is told when the proxy stops, and nothing is left', async () => {
    const { clock, running, answers, calls, proxy } = setUp({ maxConcurrentCalls: 1 })
    await calls([1, 2])
    const stopping = proxy.stop()
    await clock.settle()
    expect(answers).toEqual(['2: StoppedError'])
    running.shift()?.answer()
    await stopping
    expect(clock.pendingTimers).toBe(0)
  })

  test('waits no longer than the deadline of a call, where the request has no time of its own', async () => {
    const { clock, answers, call, calls, proxy } = setUp({ maxConcurrentCalls: 1, circuit: { failureThreshold: 2 } })
    await calls([1])
    await clock.advanceAsync(500)
    call(2)
    await clock.advanceAsync(999)
    // The first was given up at its deadline, and still runs.
    expect(answers).toEqual(['1: ServiceTimeoutError'])
    await clock.advanceAsync(1)
    expect(answers).toEqual(['1: ServiceTimeoutError', '2: CapacityError'])
    expect(proxy.getCounts()).toMatchObject({ rejections: { capacity: 1 }, inFlight: 0, queuedCalls: 0 })
    // The service knows nothing of it.
    expect(proxy.getStatus().circuit?.consecutiveFailures).toBe(1)
  })

  test('waits as long as its request has time, where it has', async () => {
    for (const [requestTimeoutMs, timeoutMs] of [
      [3_000, 1_000],
      [300, 1_000],
    ] as const) {
      const { clock, running, answers, calls, call } = setUp({ maxConcurrentCalls: 1, requestTimeoutMs, timeoutMs })
      await calls([1])
      call(2)
      await clock.advanceAsync(requestTimeoutMs - 1)
      expect(answers.filter((answer) => String(answer).startsWith('2'))).toEqual([])
      await clock.advanceAsync(1)
      expect(answers).toContain('2: CapacityError')
      for (const { answer } of running) answer()
      await clock.settle()
    }
  })

  test('has the rest of its request’s time when it has its place', async () => {
    const { clock, running, answers, calls, call } = setUp({ maxConcurrentCalls: 1, requestTimeoutMs: 800 })
    await calls([1])
    call(2)
    await clock.advanceAsync(600)
    running.shift()?.answer()
    await clock.advanceAsync(199)
    expect(answers).toEqual([1])
    await clock.advanceAsync(1)
    expect(answers).toEqual([1, '2: ServiceTimeoutError'])
  })

  test('gets the place of a call that was given up when the service is seen to answer again', async () => {
    const { clock, running, seen, calls, proxy } = setUp({
      maxConcurrentCalls: 1,
      requestTimeoutMs: 60_000,
      circuit: false,
      random: () => 1,
      backoffInitialMs: 100,
    })
    await calls([1])
    await clock.advanceAsync(1_000)
    await calls([2])
    expect(seen).toEqual([1])
    // One call is let through from time to time, though there is no place for it: the one that has waited longest.
    await clock.advanceAsync(100)
    await calls([3])
    expect(seen).toEqual([1, 2])
    running.find(({ id }) => id === 2)?.answer()
    await clock.settle()
    expect(seen).toEqual([1, 2, 3])
    expect(proxy.getCounts().queuedCalls).toBe(0)
    running.at(-1)?.answer()
    await clock.settle()
    await calls([4, 5])
    expect(seen).toEqual([1, 2, 3, 4])
  })

  test('finds the instance that is there when its turn has come', async () => {
    let made = 0
    const clock = new ManualClock()
    const running: (() => void)[] = []
    const disposed: number[] = []
    const proxy = new ServiceProxy('desk', {
      provider: factoryProvider('desk', {
        create: () => ({ id: ++made }),
        dispose: ({ id }) => void disposed.push(id),
      }),
      maxConcurrentCalls: 1,
      maxQueuedCalls: 1,
      disposeGraceMs: 0,
      clock,
    })
    const ask = () => proxy.call(({ id }) => new Promise<number>((resolve) => running.push(() => resolve(id))))
    const calls = [ask(), ask()]
    await clock.settle()
    proxy.invalidateCache()
    running.shift()?.()
    await clock.advanceAsync(1)
    expect(disposed).toEqual([1])
    running.shift()?.()
    expect(await Promise.all(calls)).toEqual([1, 2])
    await proxy.stop()
  })
})

test('what is wrong is said: a queue that nobody would ever wait in, and what is no number of calls', async () => {
  expect(() => setUp({ maxConcurrentCalls: Infinity })).toThrow(
    'maxQueuedCalls must be 0, or given together with maxConcurrentCalls, because without it no call has to wait; received 3',
  )
  for (const maxQueuedCalls of [-1, 1.5, Infinity, Number.NaN]) {
    expect(() => setUp({ maxQueuedCalls })).toThrow('maxQueuedCalls must be an integer in 0 … 1000000')
  }
  const provider = factoryProvider('desk', { create: () => ({ ask: async () => 1 }) })
  const manager = new ServiceProxyManager({ maxQueuedCalls: 5 }).add('desk', { provider, maxConcurrentCalls: 3 })
  expect(manager.getProxy('desk').settings).toMatchObject({ maxQueuedCalls: 5, maxConcurrentCalls: 3 })
  await manager.stop()
})

test('whatever happens: never more run than may, never more wait than may, in their order, and all are answered', async () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.constant('call' as const) },
    { weight: 4, arbitrary: fc.constant('answer' as const) },
    { weight: 1, arbitrary: fc.constant('fail' as const) },
    { weight: 2, arbitrary: fc.constant('abort' as const) },
    { weight: 1, arbitrary: fc.constant('time' as const) },
    { weight: 1, arbitrary: fc.constant('reset' as const) },
    { weight: 1, arbitrary: fc.constant('invalidate' as const) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 3 }), async (steps, places) => {
      const { clock, running, seen, answers, call, calls, proxy, stop } = setUp({
        maxConcurrentCalls: places,
        maxQueuedCalls: 4,
        timeoutMs: 100_000,
        circuit: { failureThreshold: 3, recoveryTimeoutMs: 10 },
      })
      const controllers: AbortController[] = []
      const act = {
        call: () => {
          const controller = new AbortController()
          call(controllers.length, controller.signal)
          controllers.push(controller)
        },
        answer: () => running.shift()?.answer(),
        fail: () => running.shift()?.fail(down),
        abort: () => controllers[Math.floor(controllers.length / 2)]?.abort(gone),
        time: () => clock.advanceAsync(10),
        reset: () => proxy.resetCircuitBreaker(),
        invalidate: () => proxy.invalidateCache(),
      }
      for (const [index, next] of steps.entries()) {
        await act[next]()
        // Some steps come in the same moment.
        if (index % 3 > 0) await clock.settle()
        expect(proxy.getCounts().queuedCalls).toBeLessThanOrEqual(4)
      }
      await clock.settle()
      while (running.length > 0) {
        running.shift()?.answer()
        await clock.settle()
      }
      expect(answers).toHaveLength(controllers.length)
      expect([...seen].toSorted((a, b) => a - b)).toEqual(seen)
      expect(proxy.getCounts()).toMatchObject({ inFlight: 0, queuedCalls: 0, totalRequests: controllers.length })
      // All places are free again.
      proxy.resetCircuitBreaker()
      await calls(Array.from({ length: places + 1 }, (_, id) => 1_000 + id))
      expect([running.length, proxy.getCounts().queuedCalls]).toEqual([places, 1])
      await stop()
    }),
    { numRuns: 300 },
  )
})
