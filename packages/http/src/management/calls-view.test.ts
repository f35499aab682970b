import { factoryProvider, type ServiceProxyOptions, ServiceProxyManager } from '@svcproxy/core'
import { type Behaviour, fails, faultyService, ManualClock, plainBreaker, slows, succeeds } from '@svcproxy/testing'
import { expect, test } from 'vitest'
import { managementEndpoints } from './management-endpoints.ts'
import type { EventPage, ServiceDetail, Snapshot } from './snapshot.ts'

const SECRET = 'connect to 10.0.4.17 as admin:hunter2'

interface Fleet {
  find(): unknown
  save(): unknown
}

/** One service whose `find` is tried again and whose `save` is not, and what the API says of it. */
function setUp(settings: Partial<ServiceProxyOptions<Fleet>> = {}, random = 0) {
  const clock = new ManualClock()
  const faulty = faultyService({ clock })
  const provider = factoryProvider<Fleet>('fleet', {
    create: () => ({ find: () => faulty.call(), save: () => faulty.call() }),
  })
  const options = { provider, methods: { find: { retry: true } }, circuit: false as const, ...settings }
  // With a random number of 0 there is no wait before a retry.
  const manager = new ServiceProxyManager<Record<string, Fleet>>({ breaker: plainBreaker, clock, random: () => random })
  manager.createProxy('fleet', options)
  const endpoint = managementEndpoints(manager, { authorize: () => true, redact: String })
  const read = async <T>(path: string): Promise<T> => {
    const answer = await endpoint({ method: 'GET', path: `/api/${path}`, headers: {}, original: undefined })
    return JSON.parse(String(answer?.body)) as T
  }
  /** Calls that are each answered before the next. */
  const find = async (...behaviours: readonly Behaviour[]) => {
    faulty.next(...behaviours)
    const { service } = manager.getProxy('fleet')
    const answered = Promise.resolve(service.find()).catch(() => {})
    await clock.advanceAsync(0)
    await answered
  }
  /** Calls `save` and does not wait for the answer. */
  const save = async (count: number) => {
    const { service } = manager.getProxy('fleet')
    for (let call = 0; call < count; call++) void Promise.resolve(service.save()).catch(() => {})
    await clock.settle()
  }
  const detail = () => read<ServiceDetail>('services/fleet')
  const events = async () => (await read<EventPage>('events')).events
  return { clock, detail, events, faulty, find, manager, options, read, save }
}

const NOTHING_TO_SPEND = { retryBudget: { ratio: 0, minPerSecond: 0 } }

test('retries are told by outcome, with what is left of their budget', async () => {
  const { clock, detail, find, read } = setUp({ retryBudget: { ratio: 0, minPerSecond: 0.3 } })
  expect(await detail()).toMatchObject({
    counts: { retries: { success: 0, failure: 0, denied: 0 } },
    retryBudget: null,
  })
  await find(fails(), succeeds())
  expect(await detail()).toMatchObject({ retryBudget: { calls: 1, retries: 1, remaining: 2 } })
  await find(fails(), fails(), fails())
  await find(fails())
  const told = {
    counts: { totalRequests: 3, failedRequests: 2, retries: { success: 1, failure: 2, denied: 1 } },
    retryBudget: { calls: 3, retries: 3, remaining: 0 },
  }
  expect(await detail()).toMatchObject(told)
  clock.advance(2_000)
  expect((await read<Snapshot>('snapshot')).services).toMatchObject([told])
  clock.advance(10_000)
  expect(await detail()).toMatchObject({ retryBudget: { calls: 0, retries: 0, remaining: 3 } })
})

test('a queue has those who wait now, how many may, and how long it took', async () => {
  const { clock, detail, faulty, read, save } = setUp({ maxConcurrentCalls: 1, maxQueuedCalls: 2 })
  expect(await detail()).toMatchObject({ queue: { waiting: 0, max: 2, wait: { count: 0, p50Ms: 0, p99Ms: 0 } } })
  faulty.behave(slows(100))
  await save(4)
  expect(await detail()).toMatchObject({
    counts: { queuedCalls: 2, inFlight: 3, rejections: { capacity: 1 } },
    queue: { waiting: 2, max: 2, wait: { count: 0 } },
  })
  await clock.advanceAsync(100)
  expect(await detail()).toMatchObject({ queue: { waiting: 1, wait: { count: 1, maxMs: 100 } } })
  await clock.advanceAsync(2_000)
  const { services } = await read<Snapshot>('snapshot')
  expect(services[0]?.queue).toMatchObject({ waiting: 0, max: 2, wait: { count: 2, maxMs: 200 } })
  expect(services[0]?.queue?.wait.p50Ms).toBeCloseTo(100, -1)
  expect(services[0]?.queue?.wait.p99Ms).toBeCloseTo(200, -1)
  expect((await detail()).queue).toEqual(services[0]?.queue)
})

test.for([
  ['in the queue', 0, 1],
  ['for its retry', 0.9, 0],
] as const)('a wait shows when it is over, also while who made place waits %s', async ([, random, waiting]) => {
  const { clock, detail, faulty, manager, save } = setUp({ maxConcurrentCalls: 1, maxQueuedCalls: 1 }, random)
  faulty.next(slows(100, fails()), slows(1_000))
  void Promise.resolve(manager.getProxy('fleet').service.find()).catch(() => {})
  await save(1)
  expect(await detail()).toMatchObject({ queue: { waiting: 1, wait: { count: 0 } } })
  await clock.advanceAsync(100)
  const counts = { inFlight: 2, failedRequests: 0, queuedCalls: waiting }
  expect(await detail()).toMatchObject({ counts, queue: { waiting, wait: { count: 1, maxMs: 100 } } })
})

test('without a queue there is none', async () => {
  const { detail, save } = setUp({ maxConcurrentCalls: 1 })
  await save(2)
  expect(await detail()).toMatchObject({ queue: null, counts: { rejectedRequests: 1, queuedCalls: 0 } })
})

test('single retries are no events, and a budget that is used up is one in an outage', async () => {
  const { clock, events, find, manager } = setUp({ retryBudget: { ratio: 1, minPerSecond: 0 } })
  for (let call = 0; call < 300; call++) await find(fails(), succeeds())
  expect(await events()).toEqual([])
  manager.getProxy('fleet').expireCache()
  for (let call = 0; call < 600; call++) {
    await find(fails(), fails(), fails(new Error(SECRET)))
    clock.advance(1_000)
  }
  const told = await events()
  expect(told.map(({ type, service }) => [type, service])).toEqual([
    ['expire', 'fleet'],
    ['retry-denied', 'fleet'],
  ])
  expect(JSON.stringify(told)).not.toContain(SECRET)
})

test('a budget that is used up again is told again after a minute without a denied retry, and of a new service', async () => {
  const { clock, events, find, manager, options } = setUp(NOTHING_TO_SPEND)
  const denied = async () => (await events()).filter(({ type }) => type === 'retry-denied').map(({ at }) => at)
  await find(fails())
  clock.advance(59_999)
  await find(fails())
  expect(await denied()).toEqual(['2026-01-01T00:00:00.000Z'])
  clock.advance(60_000)
  await find(fails())
  expect(await denied()).toEqual(['2026-01-01T00:00:00.000Z', '2026-01-01T00:01:59.999Z'])
  await manager.removeProxy('fleet')
  manager.createProxy('fleet', options)
  await find(fails())
  expect(await denied()).toHaveLength(3)
})

test('each service has its own outage', async () => {
  const { clock, events, find, manager, options } = setUp(NOTHING_TO_SPEND)
  await find(fails())
  const provider = factoryProvider<Fleet>('other', {
    create: () => ({ find: () => fails()({ clock, signal: undefined }), save: () => 1 }),
  })
  const other = manager.createProxy('other', { ...options, provider })
  await Promise.resolve(other.service.find()).catch(() => {})
  expect((await events()).map(({ type, service }) => [type, service])).toEqual([
    ['retry-denied', 'fleet'],
    ['retry-denied', 'other'],
  ])
})

test('the settings say how calls are tried again and how long they wait, with null where there is no limit', async () => {
  const { settings } = await setUp().detail()
  expect(settings).toMatchObject({
    maxConcurrentCalls: null,
    maxQueuedCalls: 0,
    requestTimeoutMs: null,
    retry: { attempts: 3, backoffInitialMs: 100, backoffMaxMs: 2_000, hasIsRetryable: false },
    retryBudget: { ratio: 0.2, minPerSecond: 1 },
    methods: { find: { hasIsFailure: false, retry: { attempts: 3, hasIsRetryable: false } } },
  })
  const other = setUp({
    maxConcurrentCalls: 4,
    maxQueuedCalls: 50,
    requestTimeoutMs: 9_000,
    retryBudget: { ratio: 0.5 },
    methods: { find: { retry: { attempts: 5, isRetryable: () => true } }, save: { timeoutMs: 100 } },
  })
  expect((await other.detail()).settings).toMatchObject({
    maxConcurrentCalls: 4,
    maxQueuedCalls: 50,
    requestTimeoutMs: 9_000,
    retryBudget: { ratio: 0.5, minPerSecond: 1 },
    methods: { find: { retry: { attempts: 5, hasIsRetryable: true } }, save: { timeoutMs: 100, retry: false } },
  })
})
