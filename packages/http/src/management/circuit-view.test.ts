import { type CircuitPolicy, factoryProvider, ServiceProxyManager } from '@svcproxy/core'
import { fails, faultyService, ManualClock, plainBreaker, succeeds } from '@svcproxy/testing'
import { expect, test } from 'vitest'
import { managementEndpoints } from './management-endpoints.ts'
import type { EventPage, ServiceDetail, Snapshot } from './snapshot.ts'

/** One service, critical, with this circuit, and what the API says of it. */
function setUp(circuit: CircuitPolicy) {
  const clock = new ManualClock()
  const faulty = faultyService({ clock })
  const manager = new ServiceProxyManager({ breaker: plainBreaker, clock, random: () => 0 }).add('fleet', {
    provider: factoryProvider('fleet', { create: () => ({ ask: () => faulty.call() }) }),
    circuit,
    critical: true,
  })
  const endpoint = managementEndpoints(manager, { authorize: () => true, readOnly: false })
  const read = async <T>(path: string): Promise<T> => {
    const answer = await endpoint({ method: 'GET', path: `/api/${path}`, headers: {}, original: undefined })
    return JSON.parse(String(answer?.body)) as T
  }
  const call = async (count: number, how: 'fail' | 'succeed') => {
    faulty.behave(how === 'fail' ? fails() : succeeds())
    for (let called = 0; called < count; called++) await manager.services.fleet.ask().catch(() => {})
  }
  const detail = () => read<ServiceDetail>('services/fleet')
  return { call, clock, detail, manager, read }
}

const TRIPS = { failureThreshold: 2, recoveryTimeoutMs: 10_000, successThreshold: 1 }

test('a circuit that only observes says so, counts what it would have rejected, and leaves its service well', async () => {
  const { call, detail, manager, read } = setUp({ ...TRIPS, mode: 'observe' })
  await call(3, 'fail')
  await call(4, 'succeed')
  expect(await detail()).toMatchObject({
    status: 'pass',
    circuit: { state: 'open', mode: 'observe', wouldReject: 5, openings: 1, retryAt: '2026-01-01T00:00:10.000Z' },
    counts: { rejectedRequests: 0 },
  })
  expect(await read<Snapshot>('snapshot')).toMatchObject({ status: 'pass' })
  using _held = manager.getProxy('fleet').isolateCircuit()
  expect(await detail()).toMatchObject({ status: 'warn', circuit: { state: 'isolated', mode: 'observe' } })
})

test('the same circuit warns when it is enforced', async () => {
  const { call, detail } = setUp(TRIPS)
  await call(3, 'fail')
  expect(await detail()).toMatchObject({
    status: 'warn',
    circuit: { state: 'open', mode: 'enforce', wouldReject: 0 },
    counts: { rejectedRequests: 1 },
  })
})

test.for([
  ['observe', true],
  ['enforce', false],
] as const)(
  'a transition of a circuit in the mode %s is told with whether it was only observed',
  async ([mode, observed]) => {
    const { call, read } = setUp({ ...TRIPS, mode })
    await call(2, 'fail')
    expect((await read<EventPage>('events')).events).toMatchObject([{ type: 'circuit', to: 'open', observed }])
  },
)

test('the windows of the rules are shown while it is closed', async () => {
  const { call, detail } = setUp({
    failureThreshold: Infinity,
    failureRate: { ratio: 0.5, windowCalls: 4 },
    slowCalls: { thresholdMs: 100, ratio: 0.8, minimumCalls: 7 },
  })
  expect((await detail()).circuit).toMatchObject({ failureThreshold: null, rates: [{ calls: 0, ratio: 0 }, {}] })
  await call(2, 'succeed')
  await call(1, 'fail')
  expect((await detail()).circuit?.rates).toMatchObject([
    { kind: 'failure', bad: 1, threshold: 0.5, minimumCalls: 4 },
    { kind: 'slow', bad: 0, ratio: 0, threshold: 0.8, minimumCalls: 7 },
  ])
  await call(3, 'fail')
  expect((await detail()).circuit).toMatchObject({ state: 'open', rates: [] })
})

test('openings that grow are counted, and the next trial is when it really is', async () => {
  const { call, clock, detail } = setUp({ ...TRIPS, recoveryBackoff: { factor: 3 } })
  await call(2, 'fail')
  expect((await detail()).circuit).toMatchObject({ openings: 1, retryAt: '2026-01-01T00:00:10.000Z' })
  clock.advance(10_000)
  await call(1, 'fail')
  expect((await detail()).circuit).toMatchObject({ openings: 2, retryAt: '2026-01-01T00:00:40.000Z' })
  clock.advance(30_000)
  await call(1, 'succeed')
  expect((await detail()).circuit).toMatchObject({ state: 'closed', openings: 0, retryAt: null })
})

test('a ramp has its end, the same however the wall clock is read, until it is over', async () => {
  const { call, clock, detail } = setUp({ ...TRIPS, rampMs: 20_000 })
  expect((await detail()).circuit).toMatchObject({ state: 'closed', rampUntil: null })
  await call(2, 'fail')
  clock.advance(10_000)
  await call(1, 'succeed')
  expect((await detail()).circuit).toMatchObject({ state: 'closed', rampUntil: '2026-01-01T00:00:30.000Z' })
  clock.advance(19_999)
  clock.stepWall(1)
  expect((await detail()).circuit).toMatchObject({ rampUntil: '2026-01-01T00:00:30.000Z' })
  clock.advance(1)
  expect((await detail()).circuit).toMatchObject({ rampUntil: null })
})

test('the settings of a circuit are nested, with null for Infinity and without the rules that are off', async () => {
  const { detail } = setUp({
    failureThreshold: Infinity,
    failureRate: { ratio: 0.5 },
    recoveryBackoff: {},
    mode: 'observe',
  })
  expect((await detail()).settings['circuit']).toEqual({
    failureThreshold: null,
    failureRate: { ratio: 0.5, minimumCalls: 20, windowMs: 10_000 },
    recoveryTimeoutMs: 30_000,
    recoveryBackoff: { factor: 2, maxMs: 300_000, jitterRatio: 0.1 },
    successThreshold: 3,
    maxTrials: 1,
    rampMs: 0,
    mode: 'observe',
  })
})
