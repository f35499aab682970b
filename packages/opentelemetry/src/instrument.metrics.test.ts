import { channel } from 'node:diagnostics_channel'
import {
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
  MeterProvider,
  MetricReader,
} from '@opentelemetry/sdk-metrics'
import { factoryProvider, ServiceProxyManager, type ServiceProxyOptions } from '@svcproxy/core'
import { joinFleet } from '@svcproxy/fleet'
import { ManualClock, plainBreaker } from '@svcproxy/testing'
import { MemoryFleet } from '@svcproxy/testing/fleet'
import { afterEach, describe, expect, test } from 'vitest'
import { instrument } from './index.ts'

class Reader extends MetricReader {
  protected override async onShutdown(): Promise<void> {}
  protected override async onForceFlush(): Promise<void> {}
}

class SoldOut extends Error {}

interface Stock {
  count(): Promise<number>
  fail(): Promise<never>
  soldOut(): Promise<never>
  hang(): Promise<never>
}

function newStock(): Stock {
  return {
    count: async () => 3,
    fail: async () => Promise.reject(new RangeError('password=hunter2')),
    soldOut: async () => Promise.reject(new SoldOut()),
    hang: () => new Promise(() => {}),
  }
}

/** Its `count` is retried: it fails so many times and then answers. The wait before the first retry is 50 ms. */
function failing(failures: number): Partial<ServiceProxyOptions<Stock>> {
  let left = failures
  const count = async (): Promise<number> => {
    if (left-- > 0) throw new Error('overloaded')
    return 3
  }
  return {
    provider: factoryProvider('stock', { create: () => ({ ...newStock(), count }) }),
    methods: { count: { retry: true } },
    random: () => 0.5,
  }
}

/** A manager with one service, and what the SDK of an application reads of it. */
function setUp(options: Partial<ServiceProxyOptions<Stock>> = {}) {
  const clock = new ManualClock()
  const reader = new Reader()
  const meterProvider = new MeterProvider({ readers: [reader] })
  const manager = new ServiceProxyManager({ breaker: plainBreaker, clock }).add('stock', {
    provider: factoryProvider('stock', { create: newStock }),
    timeoutMs: 100,
    circuit: { isFailure: (error) => !(error instanceof SoldOut), failureThreshold: 3 },
    ...options,
  })
  const handle = instrument(manager, { meterProvider, traces: false })
  handles.push(handle)

  /** The metrics by name. */
  const collect = async (): Promise<ReadonlyMap<string, MetricData>> => {
    const { resourceMetrics, errors } = await reader.collect()
    expect(errors).toEqual([])
    const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics)
    return new Map(metrics.map((metric) => [metric.descriptor.name, metric]))
  }
  /** What a metric is, by the values of its attributes but the service. */
  const values = async (name: string): Promise<Record<string, number>> => {
    const metric = (await collect()).get(name)
    if (metric === undefined) return {}
    expect(metric.dataPointType).not.toBe(DataPointType.HISTOGRAM)
    const points = metric.dataPoints as DataPoint<number>[]
    return Object.fromEntries(points.map(({ attributes, value }) => [labels(attributes), value]))
  }
  const histogram = async (name: string): Promise<DataPoint<Histogram>[]> =>
    ((await collect()).get(name)?.dataPoints ?? []) as DataPoint<Histogram>[]
  const durations = (): Promise<DataPoint<Histogram>[]> => histogram('svcproxy.call.duration')
  return { clock, manager, handle, collect, values, histogram, durations, proxy: manager.getProxy('stock') }
}

const labels = ({ 'svcproxy.service': _service, ...others }: DataPoint<number>['attributes']): string =>
  Object.values(others).join(',')

const handles: Disposable[] = []
afterEach(() => {
  for (const handle of handles.splice(0)) handle[Symbol.dispose]()
})

const ignore = (): void => {}

test('a fleet is told of from when it is joined, until the handle is disposed', async () => {
  const { clock, manager, handle, values, proxy } = setUp()
  expect(await values('svcproxy.fleet.members')).toEqual({})
  const engine = new MemoryFleet({ clock })
  const joining = joinFleet(manager, { store: engine.store(), namespace: 'shop', circuits: ['stock'] })
  await clock.advanceAsync(10)
  const fleet = await joining
  expect(await values('svcproxy.fleet.status')).toEqual({
    'shop,connecting': 0,
    'shop,connected': 1,
    'shop,degraded': 0,
    'shop,left': 0,
  })
  for (let call = 0; call < 3; call++) await proxy.service.fail().catch(ignore)
  await clock.advanceAsync(10)
  expect(await values('svcproxy.fleet.members')).toEqual({ shop: 1 })
  expect(await values('svcproxy.fleet.circuit.open')).toEqual({ shop: 1 })
  expect(await values('svcproxy.fleet.probing')).toEqual({ shop: 0 })
  expect(await values('svcproxy.fleet.reports')).toEqual({ shop: fleet.status.counts.reports })
  void fleet.invalidate()
  await clock.advanceAsync(10)
  expect(await values('svcproxy.fleet.invalidations')).toEqual({ 'shop,sent': 1, 'shop,received': 0 })
  engine.stop()
  await clock.settle()
  await fleet.invalidate()
  expect(await values('svcproxy.fleet.queued_invalidations')).toEqual({ shop: 1 })
  expect(await values('svcproxy.fleet.disconnections')).toEqual({ shop: 1 })
  expect(await values('svcproxy.fleet.hints')).toMatchObject({ 'shop,missed': 0 })
  handle[Symbol.dispose]()
  engine.restart()
  await clock.advanceAsync(200)
  expect(fleet.status.queuedInvalidations).toBe(0)
  // The SDK repeats what it was told last.
  expect(await values('svcproxy.fleet.queued_invalidations')).toEqual({ shop: 1 })
  const leaving = fleet.leave()
  await clock.advanceAsync(1_000)
  await leaving
})

describe('svcproxy.call.duration', () => {
  test('is in seconds, with buckets from 5 ms to 10 s', async () => {
    const { clock, proxy, collect } = setUp()
    const call = proxy.call(() => new Promise<void>((resolve) => void clock.setTimer(resolve, 80)))
    await clock.advanceAsync(80)
    await call
    const metric = (await collect()).get('svcproxy.call.duration')
    expect(metric?.descriptor.unit).toBe('s')
    const [point] = (metric?.dataPoints ?? []) as DataPoint<Histogram>[]
    expect(point?.value).toMatchObject({ count: 1, sum: 0.08 })
    expect(point?.value.buckets.boundaries.at(0)).toBe(0.005)
    expect(point?.value.buckets.boundaries.at(-1)).toBe(10)
  })

  test('says the service, the method, how a call ended and what answered; and the type of an error that reached its caller', async () => {
    const { clock, proxy, durations } = setUp()
    await proxy.service.count()
    await proxy.get()
    await proxy.service.soldOut().catch(ignore)
    await proxy.service.fail().catch(ignore)
    await proxy.call((stock) => stock.fail(), { fallback: () => 0 })
    const hung = proxy.service.hang().catch(ignore)
    await clock.advanceAsync(100)
    await hung
    await proxy.service.count().catch(ignore)
    const series = (await durations()).map(({ attributes, value }) => [...Object.values(attributes), value.count])
    expect(series).toEqual([
      ['stock', 'count', 'success', 'origin', 1],
      ['stock', '$get', 'success', 'cache', 1],
      ['stock', 'soldOut', 'ignored', 'origin', 1],
      ['stock', 'fail', 'failure', 'origin', 'RangeError', 1],
      ['stock', '$call', 'failure', 'fallback', 1],
      ['stock', 'hang', 'timeout', 'origin', 'SVCPROXY_TIMEOUT', 1],
      ['stock', 'count', 'rejected', 'origin', 'SVCPROXY_CIRCUIT_OPEN', 1],
    ])
  })

  test('has as many methods of a service as core measures; the others share a name', async () => {
    const many = Object.fromEntries(Array.from({ length: 70 }, (_, index) => [`method${index}`, async () => index]))
    const reader = new Reader()
    const manager = new ServiceProxyManager().add('many', {
      provider: factoryProvider('many', { create: () => many }),
    })
    using _ = instrument(manager, { meterProvider: new MeterProvider({ readers: [reader] }), traces: false })
    const service: object = manager.services.many
    for (const method of [...Object.keys(many), 'method69']) {
      await (Reflect.get(service, method) as () => Promise<unknown>)()
    }
    const { resourceMetrics } = await reader.collect()
    const histogram = resourceMetrics.scopeMetrics[0]?.metrics.find(
      ({ descriptor }) => descriptor.name === 'svcproxy.call.duration',
    )
    const points = (histogram?.dataPoints ?? []) as DataPoint<Histogram>[]
    const counts = new Map(points.map(({ attributes, value }) => [attributes['svcproxy.method'], value.count]))
    const { $get: _load, ...measured } = manager.getAllMetrics()['many']!.latency
    expect(new Set(counts.keys())).toEqual(new Set(Object.keys(measured)))
    expect(counts.get('$other')).toBe(measured['$other']?.count)
    expect(counts.size).toBe(64)
  })

  test('has no name of a method that was never seen to run: it may be anything', async () => {
    const { proxy, durations } = setUp()
    const named = (method: string): Promise<unknown> =>
      (Reflect.get(proxy.service, method) as () => Promise<unknown>)().catch(ignore)
    const methods = async (): Promise<unknown[]> =>
      (await durations()).map(({ attributes, value }) => [attributes['svcproxy.method'], value.count])
    const isolation = proxy.isolateCircuit()
    await named('count')
    await named('from a user')
    isolation[Symbol.dispose]()
    await named('from another user')
    expect(await methods()).toEqual([
      ['$unknown', 2],
      ['$unknown', 1],
    ])
    await named('count')
    using _ = proxy.isolateCircuit()
    await named('count')
    expect(await methods()).toContainEqual(['count', 1])
    expect(await methods()).toHaveLength(4)
  })

  test('has no name of a method for which no instance could be had', async () => {
    const { proxy, durations } = setUp({
      provider: factoryProvider<Stock>('stock', { create: () => Promise.reject(new Error('down')) }),
    })
    await proxy.service.count().catch(ignore)
    expect((await durations()).map(({ attributes }) => attributes['svcproxy.method'])).toEqual(['$unknown'])
  })
})

describe('svcproxy.queue.wait', () => {
  const queue = { maxConcurrentCalls: 1, maxQueuedCalls: 2 }

  test('is what calls waited in the queue, in seconds; a call that did not wait is not in it', async () => {
    const { clock, proxy, collect, histogram } = setUp(queue)
    const call = () => proxy.call(() => new Promise<void>((resolve) => void clock.setTimer(resolve, 40)))
    const calls = Promise.all([call(), call(), call()])
    await clock.advanceAsync(120)
    await calls
    expect((await collect()).get('svcproxy.queue.wait')?.descriptor.unit).toBe('s')
    const points = await histogram('svcproxy.queue.wait')
    expect(points.map(({ attributes }) => attributes)).toEqual([{ 'svcproxy.service': 'stock' }])
    expect(points[0]?.value).toMatchObject({ count: 2, min: 0.04, max: 0.08 })
    expect(points[0]?.value.buckets.boundaries.at(0)).toBe(0.005)
    expect(points[0]?.value.buckets.boundaries.at(-1)).toBe(10)
  })

  test('has the waits that lead to nothing, and those that take no time', async () => {
    const { clock, proxy, histogram } = setUp(queue)
    await Promise.all([proxy.service.count(), proxy.service.count()])
    const calls = Promise.allSettled([proxy.service.hang(), proxy.service.count()])
    await clock.advanceAsync(100)
    expect((await calls).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    const [point] = await histogram('svcproxy.queue.wait')
    expect(point?.value).toMatchObject({ count: 2, min: 0, max: 0.1 })
  })
})

describe('what is read at each collection', () => {
  test('is where the circuit stands, and how often it went there', async () => {
    const { proxy, values } = setUp()
    expect(await values('svcproxy.circuit.status')).toEqual({ closed: 1, open: 0, half_open: 0, isolated: 0 })
    for (let count = 0; count < 3; count++) await proxy.service.fail().catch(ignore)
    expect(await values('svcproxy.circuit.status')).toEqual({ closed: 0, open: 1, half_open: 0, isolated: 0 })
    expect(await values('svcproxy.circuit.transitions')).toEqual({ closed: 0, open: 1, half_open: 0, isolated: 0 })
    await proxy.service.count().catch(ignore)
    expect(await values('svcproxy.call.rejected')).toMatchObject({ open: 1, capacity: 0, stopped: 0 })
  })

  test('agrees on a circuit whose time is over: it is half-open, and has gone there', async () => {
    const { clock, proxy, values } = setUp()
    for (let count = 0; count < 3; count++) await proxy.service.fail().catch(ignore)
    clock.advance(30_000)
    expect(await values('svcproxy.circuit.transitions')).toMatchObject({ open: 1, half_open: 1 })
    expect(await values('svcproxy.circuit.status')).toMatchObject({ open: 0, half_open: 1 })
  })

  test('tells a circuit that only observes from one that refuses, and counts what it would have rejected', async () => {
    const observing = setUp({ circuit: { failureThreshold: 3, mode: 'observe' } })
    const enforcing = setUp()
    for (const { proxy } of [observing, enforcing]) {
      for (let count = 0; count < 3; count++) await proxy.service.fail().catch(ignore)
      await proxy.service.count().catch(ignore)
    }
    expect(await observing.values('svcproxy.circuit.status')).toMatchObject({ open: 1 })
    expect(await observing.values('svcproxy.circuit.mode')).toEqual({ enforce: 0, observe: 1 })
    expect(await observing.values('svcproxy.circuit.would_reject')).toEqual({ '': 1 })
    expect(await observing.values('svcproxy.call.rejected')).toMatchObject({ open: 0 })
    expect(await enforcing.values('svcproxy.circuit.mode')).toEqual({ enforce: 1, observe: 0 })
    expect(await enforcing.values('svcproxy.circuit.would_reject')).toEqual({ '': 0 })
  })

  test('is the ratio of each window of the circuit, 0 unless it is closed, and none of a rule that is off', async () => {
    const { proxy, values } = setUp({
      circuit: { failureThreshold: 3, failureRate: { ratio: 0.9 }, slowCalls: { thresholdMs: 50, ratio: 0.5 } },
    })
    await proxy.service.count() // the load of its instance is a call of its own
    for (let count = 0; count < 2; count++) await proxy.service.fail().catch(ignore)
    expect(await values('svcproxy.circuit.window.ratio')).toEqual({ failure: 0.5, slow: 0 })
    await proxy.service.fail().catch(ignore)
    expect(await values('svcproxy.circuit.window.ratio')).toEqual({ failure: 0, slow: 0 })
    const { values: valuesOfOne } = setUp({ circuit: { failureRate: { ratio: 0.9 } } })
    expect(await valuesOfOne('svcproxy.circuit.window.ratio')).toEqual({ failure: 0 })
  })

  test('has no circuit of a service that has none', async () => {
    const { collect } = setUp({ circuit: false })
    const named = [...(await collect()).keys()].filter((name) => name.startsWith('svcproxy.circuit.'))
    expect(named).toEqual([])
  })

  test('is what became of retries, whose call is one call that takes as long as all of it', async () => {
    const once = setUp(failing(1))
    const down = setUp(failing(Infinity))
    const denied = setUp({ ...failing(1), retryBudget: { ratio: 0, minPerSecond: 0 } })
    const all = [once, down, denied]
    const calls = Promise.allSettled(all.map(({ proxy }) => proxy.service.count()))
    for (const { clock } of all) await clock.advanceAsync(150)
    expect((await calls).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
    expect(await once.values('svcproxy.retries')).toEqual({ success: 1, failure: 0, denied: 0 })
    expect(await down.values('svcproxy.retries')).toEqual({ success: 0, failure: 2, denied: 0 })
    expect(await denied.values('svcproxy.retries')).toEqual({ success: 0, failure: 0, denied: 1 })
    expect((await once.durations()).map(({ value }) => [value.count, value.sum])).toEqual([[1, 0.05]])
    expect((await down.durations()).map(({ value }) => [value.count, value.sum])).toEqual([[1, 0.15]])
  })

  test('is what is left of a retry budget, once there was a call that may be retried', async () => {
    const { clock, proxy, values } = setUp(failing(1))
    await proxy.call((stock) => stock.soldOut()).catch(ignore)
    expect(await values('svcproxy.retry_budget.remaining')).toEqual({})
    const call = proxy.service.count()
    await clock.advanceAsync(50)
    await call
    expect(await values('svcproxy.retry_budget.remaining')).toEqual({ '': 9 })
    clock.advance(20_000)
    expect(await values('svcproxy.retry_budget.remaining')).toEqual({ '': 10 })

    const denied = setUp({ ...failing(0), retryBudget: { ratio: 0, minPerSecond: 0 } })
    await denied.proxy.service.count()
    expect(await denied.values('svcproxy.retry_budget.remaining')).toEqual({ '': 0 })
  })

  test('is how many calls wait in the queue; they are under way, too', async () => {
    const { clock, proxy, values } = setUp({ maxConcurrentCalls: 1, maxQueuedCalls: 2 })
    expect(await values('svcproxy.queue.length')).toEqual({ '': 0 })
    const call = () => proxy.call(() => new Promise<void>((resolve) => void clock.setTimer(resolve, 20)))
    const calls = Promise.all([call(), call(), call()])
    await clock.settle()
    expect(await values('svcproxy.queue.length')).toEqual({ '': 2 })
    expect(await values('svcproxy.call.active')).toEqual({ '': 3 })
    await clock.advanceAsync(20)
    expect(await values('svcproxy.queue.length')).toEqual({ '': 1 })
    await clock.advanceAsync(40)
    await calls
    expect(await values('svcproxy.queue.length')).toEqual({ '': 0 })
  })

  test('is how many calls are under way', async () => {
    const { clock, proxy, values } = setUp()
    const hung = [proxy.service.hang(), proxy.service.hang()].map((call) => call.catch(ignore))
    await clock.settle()
    expect(await values('svcproxy.call.active')).toEqual({ '': 2 })
    await clock.advanceAsync(100)
    await Promise.all(hung)
    expect(await values('svcproxy.call.active')).toEqual({ '': 0 })
  })

  test('is the health that the last check found, once there was one', async () => {
    const { proxy, values } = setUp()
    expect(await values('svcproxy.health.status')).toEqual({})
    await proxy.service.count()
    await proxy.checkHealth()
    expect(await values('svcproxy.health.status')).toEqual({ '': 1 })
  })

  test('is nothing any more of a service that was removed', async () => {
    const { manager, collect } = setUp()
    await manager.services.stock.count()
    await manager.removeProxy('stock')
    const names = [...(await collect()).values()]
      .filter(({ dataPoints }) => dataPoints.length > 0)
      .map(({ descriptor }) => descriptor.name)
    expect(names).toEqual(['svcproxy.call.duration'])
  })

  test('has names, units and attributes that are written down', async () => {
    const { proxy, collect } = setUp({
      circuit: { failureRate: { ratio: 0.5 } },
      methods: { count: { retry: true } },
      maxConcurrentCalls: 1,
      maxQueuedCalls: 1,
    })
    await Promise.all([proxy.service.count(), proxy.service.count()])
    await proxy.checkHealth()
    const written = [...(await collect()).values()].map(({ descriptor, dataPoints }) => [
      descriptor.name,
      descriptor.unit,
      [...new Set(dataPoints.flatMap(({ attributes }) => Object.keys(attributes)))].sort().join(' '),
    ])
    expect(written.toSorted((one, other) => (String(one) < String(other) ? -1 : 1))).toEqual([
      ['svcproxy.cache.invalidations', '{invalidation}', 'svcproxy.service'],
      ['svcproxy.cache.requests', '{request}', 'svcproxy.cache.result svcproxy.service'],
      ['svcproxy.call.abandoned', '{call}', 'svcproxy.service'],
      ['svcproxy.call.active', '{call}', 'svcproxy.service'],
      ['svcproxy.call.duration', 's', 'svcproxy.method svcproxy.outcome svcproxy.service svcproxy.source'],
      ['svcproxy.call.rejected', '{call}', 'svcproxy.rejection.reason svcproxy.service'],
      ['svcproxy.circuit.mode', '1', 'svcproxy.circuit.mode svcproxy.service'],
      ['svcproxy.circuit.status', '1', 'svcproxy.circuit.state svcproxy.service'],
      ['svcproxy.circuit.transitions', '{transition}', 'svcproxy.circuit.state svcproxy.service'],
      ['svcproxy.circuit.window.ratio', '1', 'svcproxy.circuit.window.kind svcproxy.service'],
      ['svcproxy.circuit.would_reject', '{call}', 'svcproxy.service'],
      ['svcproxy.fallbacks', '{call}', 'svcproxy.service'],
      ['svcproxy.health.status', '1', 'svcproxy.service'],
      ['svcproxy.load.abandoned', '{load}', 'svcproxy.service'],
      ['svcproxy.queue.length', '{call}', 'svcproxy.service'],
      ['svcproxy.queue.wait', 's', 'svcproxy.service'],
      ['svcproxy.retries', '{retry}', 'svcproxy.retry.outcome svcproxy.service'],
      ['svcproxy.retry_budget.remaining', '{retry}', 'svcproxy.service'],
    ])
  })
})

describe('all metrics', () => {
  test.each([1, 2, 3, 4, 5])('agree with what the proxy counted, after any history (%i)', async (seed) => {
    const { clock, manager, proxy, values, durations } = setUp({
      maxConcurrentCalls: 3,
      maxQueuedCalls: 2,
      methods: { fail: { retry: true } },
      random: () => 0.5,
      staleWhileRevalidateMs: 50,
    })
    const random = generator(seed)
    const actions = [
      () => proxy.service.count(),
      () => proxy.service.fail(),
      () => proxy.service.soldOut(),
      () => proxy.service.hang(),
      () => proxy.get(),
      () => proxy.call((stock) => stock.fail(), { fallback: () => 0 }),
      () => proxy.call((stock) => stock.hang(), { signal: AbortSignal.abort(new Error('gone')) }),
      () => (Reflect.get(proxy.service, 'nonsense') as () => Promise<unknown>)(),
      async () => proxy.invalidateCache(),
      async () => proxy.expireCache(),
      async () => proxy.resetCircuitBreaker(),
      async () => clock.advanceAsync(random(60)),
    ]
    const calls: Promise<unknown>[] = []
    for (let step = 0; step < 600; step++) {
      calls.push(actions[random(actions.length)]!().catch(ignore))
      if (random(2) === 0) await clock.settle()
    }
    await clock.advanceAsync(1_000)
    await Promise.all(calls)

    const metrics = manager.getAllMetrics()['stock']!
    const points = await durations()
    const count = (pick: (attributes: DataPoint<Histogram>['attributes']) => boolean): number =>
      points.filter(({ attributes }) => pick(attributes)).reduce((sum, { value }) => sum + value.count, 0)
    expect(metrics.inFlight).toBe(0)
    expect(count(() => true)).toBe(metrics.totalRequests)
    expect(count((of) => of['svcproxy.outcome'] === 'rejected')).toBe(metrics.rejectedRequests)
    expect(count((of) => of['svcproxy.outcome'] === 'timeout')).toBe(metrics.timedOutRequests)
    expect(count((of) => ['failure', 'timeout'].includes(String(of['svcproxy.outcome'])))).toBe(
      metrics.failedRequests - metrics.abortedRequests,
    )
    expect(count((of) => of['svcproxy.source'] === 'fallback')).toBe(metrics.fallbacks)
    expect(await values('svcproxy.fallbacks')).toEqual({ '': metrics.fallbacks })
    expect(await values('svcproxy.retries')).toEqual(metrics.retries)
    expect(await values('svcproxy.queue.length')).toEqual({ '': metrics.queuedCalls })
    expect(await values('svcproxy.call.rejected')).toEqual(metrics.rejections)
    expect(await values('svcproxy.circuit.transitions')).toEqual(metrics.circuitTransitions)
    expect(await values('svcproxy.cache.invalidations')).toEqual({ '': metrics.invalidations })
    expect(await values('svcproxy.cache.requests')).toEqual({
      hit: metrics.cacheHits,
      miss: metrics.cacheMisses,
      stale: metrics.staleServed,
    })
    // The history was one in which things happened.
    const { rejectedRequests, timedOutRequests, fallbacks, retries, queueWait } = metrics
    expect(Math.min(rejectedRequests, timedOutRequests, fallbacks, queueWait.count)).toBeGreaterThan(0)
    expect(retries.failure).toBeGreaterThan(0)
  })

  test('end with the handle', async () => {
    const { handle, proxy, collect, durations } = setUp()
    await proxy.service.count()
    handle[Symbol.dispose]()
    expect(channel('tracing:svcproxy:call:asyncEnd').hasSubscribers).toBe(false)
    await proxy.service.count()
    expect((await durations()).map(({ value }) => value.count)).toEqual([1])
    expect((await collect()).get('svcproxy.call.active')?.dataPoints ?? []).toEqual([])
  })

  test('of two managers whose services share a name are told apart by attributes of the application', async () => {
    const reader = new Reader()
    const meterProvider = new MeterProvider({ readers: [reader] })
    const managers = ['north', 'south'].map((side) => {
      const manager = new ServiceProxyManager().add('stock', {
        provider: factoryProvider('stock', { create: newStock }),
      })
      handles.push(instrument(manager, { meterProvider, traces: false, attributes: { side } }))
      return manager
    })
    await managers[0]!.services.stock.count()
    await managers[1]!.services.stock.count()
    await managers[1]!.services.stock.count()
    const { resourceMetrics } = await reader.collect()
    const metrics = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics)
    const read = (name: string): unknown[] =>
      metrics
        .filter(({ descriptor }) => descriptor.name === name)
        .flatMap(({ dataPoints }) => dataPoints as DataPoint<number | Histogram>[])
        .filter(({ attributes }) => (attributes['svcproxy.cache.result'] ?? 'hit') === 'hit')
        .map(({ attributes, value }) => [attributes['side'], typeof value === 'number' ? value : value.count])
    expect(read('svcproxy.call.duration')).toEqual([
      ['north', 1],
      ['south', 2],
    ])
    expect(read('svcproxy.cache.requests')).toEqual([
      ['north', 0],
      ['south', 1],
    ])
  })

  test('reach no call when the meter throws', async () => {
    const broken = (): never => {
      throw new Error('broken')
    }
    const meterProvider = new MeterProvider()
    const meter = meterProvider.getMeter('broken')
    meter.createHistogram = () => ({ record: broken })
    const manager = new ServiceProxyManager().add('stock', {
      provider: factoryProvider('stock', { create: newStock }),
    })
    using _ = instrument(manager, { meterProvider: { getMeter: () => meter }, traces: false })
    expect(await manager.services.stock.count()).toBe(3)
    await expect(manager.services.stock.fail()).rejects.toThrow(RangeError)
  })
})

/** Whole numbers below a bound, the same for the same seed: mulberry32. */
function generator(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound
  }
}
