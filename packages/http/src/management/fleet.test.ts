import { factoryProvider, ServiceProxyManager } from '@svcproxy/core'
import { joinFleet } from '@svcproxy/fleet'
import { fails, faultyService, ManualClock, plainBreaker } from '@svcproxy/testing'
import { MemoryFleet } from '@svcproxy/testing/fleet'
import { describe, expect, onTestFinished, test } from 'vitest'
import { healthEndpoints, managementEndpoints } from '../index.ts'
import type { AuditEvent, HttpRequest, Snapshot, TimelineEvent } from '../index.ts'

/** Some processes of a fleet, each with a management API of its own. */
function setUp() {
  const clock = new ManualClock()
  const engine = new MemoryFleet({ clock })
  const settled = async <T>(work: Promise<T>, ms = 20): Promise<T> => {
    await clock.advanceAsync(ms)
    return work
  }
  const process = async (label: string, isAlone = false) => {
    const faulty = faultyService({ clock })
    let made = 0
    const create = () => ({ made: ++made, ask: () => faulty.call() })
    const manager = new ServiceProxyManager({ breaker: plainBreaker, clock, cacheTtlMs: Infinity, disposeGraceMs: 0 })
      .add('desk', {
        provider: factoryProvider('desk', { create }),
        circuit: { failureThreshold: 3, recoveryTimeoutMs: 10_000 },
      })
      .add('files', { provider: factoryProvider('files', { create }), circuit: false })
    const audited: AuditEvent[] = []
    const endpoint = managementEndpoints(manager, {
      authorize: () => ({ actor: 'alice' }),
      readOnly: false,
      instanceId: label,
      onAudit: (event) => audited.push(event),
    })
    const ask = async (path: string, request: Partial<HttpRequest> = {}) => {
      const { body, ...answer } = await settled(
        endpoint({ method: 'GET', path: `/api/${path}`, headers: {}, original: undefined, ...request })!,
      )
      return { ...answer, body: JSON.parse(String(body)) as unknown }
    }
    const snapshot = async () => {
      await clock.advanceAsync(2_000)
      return (await ask('snapshot')).body as Snapshot
    }
    const act = (path: string, body: object, headers: HttpRequest['headers'] = {}) =>
      ask(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-svcproxy-action': '1', ...headers },
        readBody: async () => JSON.stringify(body),
      })
    const instance = () => manager.getProxy('desk').get()
    const fail = async (times: number) => {
      faulty.behave(fails(new Error('down')))
      for (let call = 0; call < times; call++) await manager.services.desk.ask().catch(() => undefined)
      await clock.advanceAsync(20)
    }
    if (!isAlone) {
      const joining = joinFleet(manager, { store: engine.store(), namespace: 'shop', circuits: ['desk'], label })
      const fleet = await settled(joining)
      onTestFinished(async () => settled(fleet.leave(), 1_000))
    }
    return { act, ask, audited, fail, instance, manager, snapshot }
  }
  return { clock, engine, process, settled }
}

describe('the fleet in a snapshot', () => {
  test('is null without one', async () => {
    const { process } = setUp()
    const alone = await process('alone', true)
    expect((await alone.snapshot()).fleet).toBeNull()
  })

  test('shows the same members and circuits, whichever process is asked', async () => {
    const { process } = setUp()
    const [two, one] = [await process('web-2'), await process('web-1')]
    await one.fail(2)
    await two.fail(2)
    const [first, second] = [(await one.snapshot()).fleet!, (await two.snapshot()).fleet!]
    expect(first).toMatchObject({
      namespace: 'shop',
      state: 'connected',
      member: first.members[0]?.id,
      queuedInvalidations: 0,
      lastError: null,
      circuits: [{ service: 'desk', state: 'open', retryAt: expect.stringMatching(/^2026-/), probe: null }],
    })
    expect(second.member).toBe(second.members[1]?.id)
    const shown = ({ members, circuits }: typeof first) => ({
      members: members.map(({ label, services }) => [label, services]),
      circuits: circuits.map(({ service, state }) => [service, state]),
    })
    expect(shown(first)).toEqual(shown(second))
    expect(shown(first).members).toEqual([
      ['web-1', { desk: { state: 'open', failures: 0 } }],
      ['web-2', { desk: { state: 'open', failures: 0 } }],
    ])
    expect((await one.snapshot()).services[0]?.circuit).toMatchObject({ state: 'open', heldBy: 'fleet' })
  })

  test('hears of the members when it is looked at, though their heartbeats are seconds apart', async () => {
    const { clock, process } = setUp()
    const [one, two] = [await process('web-1'), await process('web-2')]
    await clock.advanceAsync(5_100)
    await two.fail(1)
    await two.snapshot()
    const { fleet } = await one.snapshot()
    expect(fleet?.members[1]?.services).toEqual({ desk: { state: 'closed', failures: 1 } })
  })

  test('does not change while nothing happens, and says what is wrong', async () => {
    const { clock, engine, process } = setUp()
    const one = await process('web-1')
    const etag = async () => {
      await clock.advanceAsync(2_100)
      return (await one.ask('snapshot')).headers['ETag']
    }
    engine.stop()
    const before = await etag()
    expect(await etag()).toBe(before)
    const { fleet, status } = await one.snapshot()
    expect(status).toBe('warn')
    expect(fleet).toMatchObject({ state: 'degraded', counts: { disconnections: 1 } })
    expect(fleet?.lastError).toMatchObject({ name: 'Error', message: null })
  })
})

describe('an invalidation through the API', () => {
  test('is for this process, or for the fleet; events and audit say so', async () => {
    const { process } = setUp()
    const [one, two] = [await process('web-1'), await process('web-2')]
    const made = async () => [(await one.instance()).made, (await two.instance()).made]
    expect(await made()).toEqual([1, 1])
    expect(await one.act('services/desk/cache', { action: 'invalidate' })).toMatchObject({ status: 200 })
    expect(await made()).toEqual([2, 1])
    const told = await one.act('services/desk/cache', { action: 'invalidate', scope: 'fleet' })
    expect(told).toMatchObject({ status: 200, body: { action: 'invalidate', fleet: 'sent' } })
    expect(await made()).toEqual([3, 2])
    expect(await one.act('cache/invalidate-all', { scope: 'fleet' })).toMatchObject({ body: { fleet: 'sent' } })
    expect(await made()).toEqual([4, 3])

    expect(one.audited.map(({ action, service, scope }) => [action, service, scope])).toEqual([
      ['invalidate', 'desk', 'process'],
      ['invalidate', 'desk', 'fleet'],
      ['invalidate-all', null, 'fleet'],
    ])
    const causes = async ({ snapshot }: typeof one) =>
      (await snapshot()).events.flatMap((event: TimelineEvent) => (event.type === 'invalidate' ? event.cause : []))
    expect(await causes(one)).toEqual(['operator', 'operator', 'operator', 'operator'])
    expect(await causes(two)).toEqual(['fleet', 'fleet', 'fleet'])
  })

  test('is queued while the store is away, and refused without a fleet', async () => {
    const { clock, engine, process } = setUp()
    const [one, alone] = [await process('web-1'), await process('alone', true)]
    engine.stop()
    await clock.settle()
    const scoped = { action: 'invalidate', scope: 'fleet' }
    expect(await one.act('services/desk/cache', scoped)).toMatchObject({ status: 200, body: { fleet: 'queued' } })
    expect(await alone.act('services/desk/cache', scoped)).toMatchObject({ status: 422 })
    expect(await alone.act('cache/invalidate-all', { scope: 'fleet' })).toMatchObject({ status: 422 })
    expect(alone.audited).toEqual([])
  })

  test.for([
    ['services/desk/cache', { action: 'expire', scope: 'fleet' }],
    ['services/desk/cache', { action: 'invalidate', scope: 'world' }],
    ['services/desk/cache', { scope: 'fleet' }],
    ['services/desk/circuit', { action: 'reset', scope: 'fleet' }],
    ['circuits/reset-all', { scope: 'fleet' }],
    ['cache/invalidate-all', { scope: 'fleet', action: 'invalidate-all' }],
  ] as const)('%s with %o is no action', async ([path, body]) => {
    const { process } = setUp()
    const one = await process('web-1')
    expect(await one.act(path, body)).toMatchObject({ status: 422 })
    expect(one.audited).toEqual([])
  })
})

test('who means one process is told when it is another, which then does nothing', async () => {
  const { process } = setUp()
  const one = await process('web 1/ä', true)
  const own = 'web%201%2F%C3%A4'
  const { headers } = await one.ask('snapshot')
  expect(headers['X-Svcproxy-Instance']).toBe(own)
  expect(await one.ask('services/desk', { headers: { 'x-svcproxy-instance': own } })).toMatchObject({ status: 200 })
  const other = { 'x-svcproxy-instance': 'web-2' }
  const misdirected = { status: 412, headers: { 'X-Svcproxy-Instance': own } }
  expect(await one.ask('snapshot', { headers: other })).toMatchObject(misdirected)
  expect(await one.act('services/desk/circuit', { action: 'isolate' }, other)).toMatchObject(misdirected)
  expect(one.manager.getProxy('desk').circuitState).toBe('closed')
  expect(one.audited).toEqual([])
})

test('health tells those who may know how the process does in its fleet', async () => {
  const { engine, process, settled } = setUp()
  const one = await process('web-1')
  const health = async (mayKnow: boolean) => {
    const endpoint = healthEndpoints(one.manager, { authorize: () => mayKnow })
    const answer = await settled(endpoint({ method: 'GET', path: '/healthz', headers: {}, original: undefined })!)
    return JSON.parse(String(answer.body)) as unknown
  }
  expect(await health(true)).toMatchObject({
    status: 'pass',
    fleet: { status: 'pass', state: 'connected', members: 1, queuedInvalidations: 0, counts: { missedHints: 0 } },
  })
  engine.stop()
  expect(await health(true)).toMatchObject({ status: 'warn', fleet: { status: 'warn', state: 'degraded' } })
  expect(await health(false)).toEqual({ status: 'warn' })
})
