import { gunzipSync } from 'node:zlib'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { factoryProvider, ServiceProxyManager } from '@svcproxy/core'
import { fails, faultyService, hangs, ManualClock, plainBreaker, succeeds } from '@svcproxy/testing'
import { describe, expect, test } from 'vitest'
import type { HttpRequest } from '../index.ts'
import { managementEndpoints } from './management-endpoints.ts'
import type { AuditEvent, ManagementOptions } from './options.ts'
import type { ActionResult, CircuitView, EventPage, ServiceDetail, ServiceView, Snapshot } from './snapshot.ts'

function setUp(options: Partial<ManagementOptions> = {}) {
  const clock = new ManualClock()
  const faulty = faultyService({ clock })
  const state = { healthy: true }
  const audited: AuditEvent[] = []
  const manager = new ServiceProxyManager({ breaker: plainBreaker, clock, cacheTtlJitterRatio: 0 })
    .add('fleet', {
      provider: factoryProvider('fleet', {
        create: () => ({ ask: () => faulty.call() }),
        checkHealth: () => state.healthy,
      }),
      circuit: { failureThreshold: 2, recoveryTimeoutMs: 10_000 },
    })
    .add('flags', {
      provider: factoryProvider('flags', { create: () => ({ all: () => 1 }), checkHealth: () => state.healthy }),
      circuit: false,
      cacheTtlMs: Infinity,
      critical: true,
    })
  const mount = (more: Partial<ManagementOptions> = {}) =>
    managementEndpoints(manager, {
      authorize: () => ({ actor: 'alice' }),
      readOnly: false,
      onAudit: (event) => audited.push(event),
      ...options,
      ...more,
    })
  const endpoint = mount()
  const ask = async (path: string, more: Partial<HttpRequest> = {}, at = endpoint) => {
    const response = await at({ method: 'GET', path: `/api/${path}`, headers: {}, original: undefined, ...more })
    if (response === undefined) throw new Error(`${path} was not answered`)
    return { ...response, body: String(response.body) }
  }
  const read = async <T>(path: string, more?: Partial<HttpRequest>): Promise<T> => {
    const { status, body } = await ask(path, more)
    if (status !== 200) throw new Error(`${path} was answered with ${status}`)
    return JSON.parse(body) as T
  }
  const act = async (path: string, body: object = {}, at = endpoint): Promise<ActionResult> => {
    const headers = { 'content-type': 'application/json', 'x-svcproxy-action': '1' }
    const response = await ask(path, { method: 'POST', headers, readBody: async () => JSON.stringify(body) }, at)
    if (response.status !== 200) throw new Error(`${path} was answered with ${response.status}`)
    return JSON.parse(response.body) as ActionResult
  }
  const snapshot = () => read<Snapshot>('snapshot')
  const events = async (after = 0) => (await read<EventPage>('events', { query: `after=${after}` })).events
  const view = async (name: string) => {
    clock.advance(2_000)
    return (await snapshot()).services.find((service) => service.name === name)!
  }
  return { act, ask, audited, clock, events, faulty, manager, mount, read, snapshot, state, view }
}

/** The client has the header from before. */
const knowing = (etag: string | undefined) => ({ headers: { 'if-none-match': etag } })

describe('the snapshot', () => {
  test('shows every service, also one that nobody has asked for', async () => {
    const { manager, snapshot } = setUp({ environment: 'production', instanceId: 'web-1' })
    await manager.services.fleet.ask()
    const { services, ...others } = await snapshot()
    expect(others).toEqual({
      version: 1,
      at: '2026-01-01T00:00:00.000Z',
      instance: { id: 'web-1', environment: 'production', startedAt: '2026-01-01T00:00:00.000Z' },
      readOnly: false,
      status: 'pass',
      stopping: false,
      fleet: null,
      events: [],
    })
    expect(services[0]).toMatchObject({
      name: 'fleet',
      critical: false,
      stopped: false,
      status: 'pass',
      circuit: {
        state: 'closed',
        since: '2026-01-01T00:00:00.000Z',
        mode: 'enforce',
        wouldReject: 0,
        consecutiveFailures: 0,
        failureThreshold: 2,
        rates: [],
        successfulTrials: 0,
        successThreshold: 3,
        retryAt: null,
        openings: 0,
        rampUntil: null,
        heldByOperator: false,
        heldBy: null,
      } satisfies CircuitView,
      cache: { state: 'fresh', freshUntil: '2026-01-01T00:05:00.000Z', loading: false },
      health: null,
      lastFailure: null,
      requestsPerSecond: null,
      counts: { totalRequests: 1, successfulRequests: 1 },
      retryBudget: null,
      queue: null,
      latency: { count: 2 },
      history: { intervalMs: 5_000, requests: [], failures: [], rejections: [] },
    } satisfies { [K in keyof ServiceView]: unknown })
    expect(services[1]).toMatchObject({
      name: 'flags',
      critical: true,
      circuit: null,
      cache: { state: 'empty', freshUntil: null },
    })
    expect(services[1]?.counts).toEqual(manager.getProxy('flags').getCounts())
  })

  test('has the members of a service, and no more than those of its counts', async () => {
    const { manager, read, view } = setUp()
    const fleet = await view('fleet')
    expect(Object.keys(fleet.counts)).toEqual(Object.keys(manager.getProxy('fleet').getCounts()))
    const detail = await read<ServiceDetail>('services/fleet')
    expect(detail).toEqual({ ...fleet, settings: detail.settings, methods: {}, events: [] })
  })

  test('has the latencies of all that was done until it was made', async () => {
    const { manager, view } = setUp()
    for (let count = 1; count <= 3; count++) {
      await manager.services.fleet.ask()
      expect((await view('fleet')).latency).toEqual(manager.getProxy('fleet').getMetrics().overallLatency)
    }
  })

  test('says of a service that is fresh until it is invalidated that it has no end', async () => {
    const { manager, view } = setUp()
    await manager.services.flags.all()
    expect(await view('flags')).toMatchObject({ cache: { state: 'fresh', freshUntil: null } })
    const forever = new ServiceProxyManager({ clock: new ManualClock() }).add('far', {
      provider: factoryProvider('far', { create: () => ({ ask: () => 1 }) }),
      cacheTtlMs: 1e300,
    })
    await forever.services.far.ask()
    const answer = await managementEndpoints(forever, { authorize: () => true })({
      method: 'GET',
      path: '/api/services/far',
      headers: {},
      original: undefined,
    })
    expect(answer?.status).toBe(200)
    expect(answer?.body).toContain('"freshUntil":null')
  })

  test('follows a circuit from closed to open, half-open and closed, and tells when it may admit a call', async () => {
    const { clock, events, faulty, manager, snapshot, view } = setUp()
    faulty.behave(fails())
    for (let call = 0; call < 2; call++) await manager.services.fleet.ask().catch(() => {})
    expect(await view('fleet')).toMatchObject({
      status: 'warn',
      circuit: { state: 'open', since: '2026-01-01T00:00:00.000Z', retryAt: '2026-01-01T00:00:10.000Z' },
      cache: { state: 'suspect', freshUntil: null },
    })
    expect(await snapshot()).toMatchObject({ status: 'warn' })
    clock.advance(9_750)
    expect(await view('fleet')).toMatchObject({ circuit: { state: 'half_open', retryAt: null } })
    faulty.behave(succeeds())
    for (let trial = 0; trial < 3; trial++) await manager.services.fleet.ask()
    expect(await view('fleet')).toMatchObject({ status: 'pass', circuit: { state: 'closed' } })
    expect(await events()).toMatchObject([
      { id: 1, type: 'circuit', from: 'closed', to: 'open', at: '2026-01-01T00:00:00.000Z' },
      { id: 2, type: 'circuit', from: 'open', to: 'half_open' },
      { id: 3, type: 'circuit', from: 'half_open', to: 'closed' },
    ])
  })

  test('fails with an unhealthy critical service, warns of any other, and counts an unasked one as healthy', async () => {
    const { clock, manager, snapshot, state, view } = setUp()
    await manager.services.flags.all()
    await manager.services.fleet.ask()
    state.healthy = false
    expect(await snapshot()).toMatchObject({ status: 'pass' })
    await manager.getProxy('fleet').checkHealth()
    expect(await view('fleet')).toMatchObject({
      status: 'warn',
      health: { healthy: false, at: '2026-01-01T00:00:00.000Z' },
    })
    await manager.getProxy('flags').checkHealth()
    expect(await view('flags')).toMatchObject({ status: 'fail' })
    const health = await manager.getHealthStatus()
    expect(await snapshot()).toMatchObject({ status: health.status })
    state.healthy = true
    clock.advance(2_000)
    await manager.getHealthStatus()
    expect(await snapshot()).toMatchObject({ status: 'pass' })
  })

  test('warns of a critical service that is healthy behind an open circuit', async () => {
    const clock = new ManualClock()
    const manager = new ServiceProxyManager({ breaker: plainBreaker, clock }).add('fleet', {
      provider: factoryProvider('fleet', { create: () => ({ ask: () => 1 }) }),
      critical: true,
    })
    await manager.services.fleet.ask()
    using _held = manager.getProxy('fleet').isolateCircuit()
    const endpoint = managementEndpoints(manager, { authorize: () => true })
    const answer = await endpoint({ method: 'GET', path: '/api/snapshot', headers: {}, original: undefined })
    expect(JSON.parse(String(answer?.body))).toMatchObject({ status: 'warn', services: [{ status: 'warn' }] })
    expect(await manager.getHealthStatus()).toMatchObject({ status: 'warn' })
  })

  test('agrees with the health of the manager about a service that was stopped alone', async () => {
    const { manager, snapshot } = setUp()
    await Promise.all([manager.getProxy('fleet').stop(), manager.getProxy('flags').stop()])
    const { services, status } = await snapshot()
    const health = await manager.getHealthStatus()
    expect(services.map((service) => [service.name, service.status, service.stopped])).toEqual([
      ['fleet', health.services['fleet']?.status, true],
      ['flags', health.services['flags']?.status, true],
    ])
    expect(status).toBe(health.status)
  })

  test('fails at once when the manager stops, before its services have', async () => {
    const { faulty, manager, snapshot } = setUp()
    expect(await snapshot()).toMatchObject({ status: 'pass', stopping: false })
    faulty.behave(hangs())
    void manager.services.fleet.ask().catch(() => {})
    void manager.stop()
    expect(await snapshot()).toMatchObject({ status: 'fail', stopping: true })
  })

  test('is made once for all who ask within two seconds, or within a quarter of one after an event', async () => {
    const { clock, manager, snapshot } = setUp()
    const first = await snapshot()
    clock.advance(1_999)
    await manager.services.fleet.ask()
    expect(await snapshot()).toEqual(first)
    clock.advance(1)
    const second = await snapshot()
    expect(second.services[0]?.counts.totalRequests).toBe(1)
    manager.getProxy('fleet').invalidateCache()
    clock.advance(249)
    expect(await snapshot()).toEqual(second)
    clock.advance(1)
    expect(await snapshot()).toMatchObject({ events: [{ type: 'invalidate' }] })
  })

  test('is the same bytes for all who ask, compressed for those who can take it', async () => {
    const { mount } = setUp()
    const endpoint = mount()
    const ask = (headers: HttpRequest['headers'] = {}) =>
      endpoint({ method: 'GET', path: '/api/snapshot', headers, original: undefined })
    const [plain, again] = [await ask(), await ask({ 'accept-encoding': 'br, gzip;q=0, identity' })]
    expect(plain?.body).toBeInstanceOf(Buffer)
    expect(again?.body).toBe(plain?.body)
    const [packed, packedAgain] = [
      await ask({ 'accept-encoding': 'gzip, br' }),
      await ask({ 'accept-encoding': 'GZIP' }),
    ]
    expect(packed?.headers).toEqual({ ...plain?.headers, 'Content-Encoding': 'gzip' })
    expect(packed?.headers['Vary']).toBe('Accept-Encoding')
    expect(packedAgain?.body).toBe(packed?.body)
    expect(gunzipSync(packed?.body ?? '')).toEqual(plain?.body)
  })

  test('keeps its tag while nothing happens, however the wall clock is read, and is not sent twice', async () => {
    const { ask, clock, manager } = setUp()
    await manager.services.fleet.ask()
    await manager.getProxy('fleet').checkHealth()
    const { headers } = await ask('snapshot')
    for (const stepMs of [1, -1]) {
      clock.advance(2_000)
      clock.stepWall(stepMs)
      expect(await ask('snapshot', knowing(headers['ETag']))).toMatchObject({
        status: 304,
        body: '',
        headers: { ETag: headers['ETag'], 'Cache-Control': 'no-store' },
      })
    }
    await manager.services.fleet.ask()
    clock.advance(2_000)
    const changed = await ask('snapshot', knowing(headers['ETag']))
    expect(changed.status).toBe(200)
    expect(changed.headers['ETag']).not.toBe(headers['ETag'])
  })

  test('is compared weakly, with each of several tags', async () => {
    const { ask, clock } = setUp()
    const { ETag: etag = '' } = (await ask('snapshot')).headers
    clock.advance(300)
    for (const header of [`"other", ${etag}`, etag.replace('W/', ''), '*']) {
      expect(await ask('snapshot', knowing(header))).toMatchObject({ status: 304 })
    }
    for (const header of ['', '"other"', undefined]) {
      expect(await ask('snapshot', knowing(header))).toMatchObject({ status: 200 })
    }
  })

  test('has a tag of its own on each mount, which may show errors differently', async () => {
    const { ask, mount } = setUp()
    const { headers } = await ask('snapshot')
    expect(await ask('snapshot', knowing(headers['ETag']), mount())).toMatchObject({ status: 200 })
  })

  test('forgets a service that was removed, and starts anew with its successor', async () => {
    const { clock, events, manager, snapshot } = setUp()
    await manager.services.fleet.ask()
    clock.advance(5_000)
    await manager.removeProxy('fleet')
    expect((await snapshot()).services.map(({ name }) => name)).toEqual(['flags'])
    expect(await events()).toMatchObject([{ type: 'stop', service: 'fleet' }])
    manager.createProxy('fleet', { provider: factoryProvider('fleet', { create: () => ({}) }) })
    clock.advance(2_000)
    expect((await snapshot()).services[1]).toMatchObject({
      name: 'fleet',
      circuit: { state: 'closed' },
      counts: { totalRequests: 0 },
      requestsPerSecond: null,
      history: { requests: [] },
    })
  })
})

describe('a single service', () => {
  test('comes with its effective settings, its methods and its own events', async () => {
    const { act, manager, read } = setUp()
    await manager.services.fleet.ask()
    await act('services/fleet/cache', { action: 'expire' })
    await act('services/flags/cache', { action: 'expire' })
    const detail = await read<ServiceDetail>('services/fleet')
    expect(detail.settings).toMatchObject({
      cacheTtlMs: 300_000,
      maxConcurrentCalls: null,
      critical: false,
      ownership: 'owned',
      hasFallback: false,
      circuit: { failureThreshold: 2, recoveryTimeoutMs: 10_000, successThreshold: 3, maxTrials: 1 },
    })
    expect(Object.keys(detail.methods).sort()).toEqual(['$get', 'ask'])
    expect(detail.events.map(({ type, service }) => [type, service])).toEqual([
      ['audit', 'fleet'],
      ['expire', 'fleet'],
    ])
    expect((await read<ServiceDetail>('services/flags')).settings).toMatchObject({ circuit: false, cacheTtlMs: null })
  })
})

describe('history', () => {
  test('has what ended in each interval, and a rate over the last ten seconds', async () => {
    const { clock, faulty, manager, view } = setUp()
    const call = () => manager.services.fleet.ask().catch(() => {})
    await call()
    clock.advance(5_000)
    expect(await view('fleet')).toMatchObject({ requestsPerSecond: 0.2, history: { requests: [1] } })
    faulty.behave(fails())
    for (let count = 0; count < 5; count++) await call()
    clock.advance(3_750)
    expect(await view('fleet')).toMatchObject({
      requestsPerSecond: 0.6,
      history: { requests: [1, 5], failures: [0, 2], rejections: [0, 3] },
    })
    clock.advance(9_750)
    expect(await view('fleet')).toMatchObject({ requestsPerSecond: 0, history: { requests: [1, 5, 0, 0] } })
  })

  test('leaves out what was counted before anybody looked, and what has not ended', async () => {
    const clock = new ManualClock()
    const faulty = faultyService({ clock })
    const manager = new ServiceProxyManager({ clock, timeoutMs: 60_000 }).add('fleet', {
      provider: factoryProvider('fleet', { create: () => ({ ask: () => faulty.call() }) }),
    })
    await manager.services.fleet.ask()
    const endpoint = managementEndpoints(manager, { authorize: () => true })
    faulty.behave(hangs())
    void manager.services.fleet.ask().catch(() => {})
    clock.advance(5_000)
    const answer = await endpoint({ method: 'GET', path: '/api/snapshot', headers: {}, original: undefined })
    const { services } = JSON.parse(String(answer?.body)) as Snapshot
    expect(services[0]).toMatchObject({ counts: { inFlight: 1 }, requestsPerSecond: 0, history: { requests: [0] } })
  })

  test('counts a service that came later from its beginning', async () => {
    const { clock, manager, view } = setUp()
    clock.advance(7_000)
    const late = manager.createProxy('late', { provider: factoryProvider('late', { create: () => ({}) }) })
    await late.get()
    expect(await view('late')).toMatchObject({ requestsPerSecond: null, history: { requests: [] } })
    clock.advance(2_750)
    expect(await view('late')).toMatchObject({ requestsPerSecond: 0.2, history: { requests: [1] } })
  })

  test('is five minutes long', async () => {
    const { clock, manager, view } = setUp()
    for (let interval = 0; interval < 75; interval++) {
      for (let call = 0; call < interval; call++) await manager.services.flags.all()
      clock.advance(5_000)
    }
    const { history } = await view('flags')
    expect(history.requests).toEqual(Array.from({ length: 60 }, (_, index) => index + 15))
    expect(history.failures).toHaveLength(60)
    expect(history.rejections).toHaveLength(60)
  })

  test('ends with the manager', async () => {
    const { clock, manager } = setUp()
    expect(clock.pendingTimers).toBe(1)
    await manager.stop()
    clock.advance(5_000)
    expect(clock.pendingTimers).toBe(0)
  })

  test('does not keep a manager in memory that nobody else knows', async () => {
    setFlagsFromString('--expose_gc')
    const collect = runInNewContext('gc') as () => void
    const clock = new ManualClock()
    const forget = () => {
      const manager = new ServiceProxyManager({ clock }).add('fleet', {
        provider: factoryProvider('fleet', { create: () => ({}) }),
      })
      managementEndpoints(manager, { authorize: () => true })
      return new WeakRef(manager)
    }
    const manager = forget()
    await clock.settle()
    collect()
    expect(manager.deref()).toBeUndefined()
    clock.advance(5_000)
    expect(clock.pendingTimers).toBe(0)
  })
})

describe('events', () => {
  test('are given from where the last answer ended', async () => {
    const { manager, read } = setUp()
    const page = (after: number) => read<EventPage>('events', { query: `after=${after}` })
    expect(await read('events')).toEqual({ events: [], lastId: 0, missed: false })
    manager.invalidateAllCaches()
    expect(await page(0)).toEqual({
      events: [
        { id: 1, at: '2026-01-01T00:00:00.000Z', type: 'invalidate', service: 'fleet', cause: 'process' },
        { id: 2, at: '2026-01-01T00:00:00.000Z', type: 'invalidate', service: 'flags', cause: 'process' },
      ],
      lastId: 2,
      missed: false,
    })
    expect(await page(1)).toMatchObject({ events: [{ id: 2 }], lastId: 2, missed: false })
    expect(await page(2)).toEqual({ events: [], lastId: 2, missed: false })
  })

  test('are kept to the newest 500, of which a snapshot has 50, and whoever missed some is told', async () => {
    const { manager, read, snapshot } = setUp()
    for (let count = 0; count < 510; count++) manager.getProxy('fleet').invalidateCache()
    const page = (after: number) => read<EventPage>('events', { query: `after=${after}` })
    const all = await page(0)
    expect(all).toMatchObject({ lastId: 510, missed: true })
    expect(all.events.map(({ id }) => id)).toEqual(Array.from({ length: 500 }, (_, index) => index + 11))
    expect(await page(9)).toMatchObject({ missed: true })
    expect(await page(10)).toEqual({ ...all, missed: false })
    expect(await page(11)).toMatchObject({ missed: false, events: expect.objectContaining({ length: 499 }) })
    expect((await snapshot()).events.map(({ id }) => id)).toEqual(Array.from({ length: 50 }, (_, index) => index + 461))
  })

  test('are all given, as missed, to whoever asks with an id of an earlier process', async () => {
    const { manager, read } = setUp()
    manager.getProxy('fleet').expireCache()
    expect(await read('events', { query: 'after=9000' })).toMatchObject({
      events: [{ id: 1, type: 'expire' }],
      lastId: 1,
      missed: true,
    })
  })

  test('tell of health and of an end, and not of loads', async () => {
    const { events, manager, state } = setUp()
    await manager.services.fleet.ask()
    state.healthy = false
    await manager.getProxy('fleet').checkHealth()
    await manager.stop()
    const told = (await events()).map(({ type, service }) => [type, service])
    expect(told).toEqual([
      ['health', 'fleet'],
      ['stop', expect.any(String)],
      ['stop', expect.any(String)],
    ])
  })

  test.for(['after=-1', 'after=x', 'after=1.5', 'after=1&after=2', 'after=', `after=${'9'.repeat(16)}`])(
    'are not asked for with %s',
    async (query) => {
      const { ask } = setUp()
      expect(await ask('events', { query })).toMatchObject({ status: 400 })
    },
  )
})

describe('actions', () => {
  test('invalidate and expire a cache', async () => {
    const { act, manager } = setUp()
    await manager.services.flags.all()
    expect(await act('services/flags/cache', { action: 'expire' })).toMatchObject({
      action: 'expire',
      services: [{ name: 'flags', cache: { state: 'stale' } }],
    })
    expect(await act('services/flags/cache', { action: 'invalidate' })).toMatchObject({
      action: 'invalidate',
      services: [{ name: 'flags', cache: { state: 'empty' }, counts: { invalidations: 1 } }],
    })
  })

  test('reset a circuit', async () => {
    const { act, faulty, manager } = setUp()
    faulty.behave(fails())
    for (let call = 0; call < 2; call++) await manager.services.fleet.ask().catch(() => {})
    expect(manager.getProxy('fleet').circuitState).toBe('open')
    expect(await act('services/fleet/circuit', { action: 'reset' })).toMatchObject({
      action: 'reset',
      services: [{ circuit: { state: 'closed', consecutiveFailures: 0 } }],
    })
  })

  test('hold a circuit open once, however often and through whichever mount, and release it', async () => {
    const { act, manager, mount } = setUp()
    const held = { services: [{ status: 'warn', circuit: { state: 'isolated', heldByOperator: true } }] }
    const other = mount()
    expect(await act('services/fleet/circuit', { action: 'isolate' })).toMatchObject(held)
    expect(await act('services/fleet/circuit', { action: 'isolate' }, other)).toMatchObject(held)
    expect(await act('services/fleet/circuit', { action: 'reset' })).toMatchObject(held)
    await expect(manager.services.fleet.ask()).rejects.toMatchObject({ code: 'SVCPROXY_CIRCUIT_OPEN' })
    expect(await act('services/fleet/circuit', { action: 'release' }, other)).toMatchObject({
      services: [{ status: 'pass', circuit: { state: 'closed', heldByOperator: false } }],
    })
    expect(await act('services/fleet/circuit', { action: 'release' })).toMatchObject({
      services: [{ circuit: { state: 'closed' } }],
    })
  })

  test('hold nothing of a service that has stopped', async () => {
    const { act, manager } = setUp()
    await manager.getProxy('fleet').stop()
    expect(await act('services/fleet/circuit', { action: 'isolate' })).toMatchObject({
      services: [{ circuit: { state: 'closed', heldByOperator: false } }],
    })
  })

  test('do not release what the application itself isolated', async () => {
    const { act, manager } = setUp()
    using _own = manager.getProxy('fleet').isolateCircuit()
    const isolated = { services: [{ circuit: { state: 'isolated', heldByOperator: false } }] }
    expect(await act('services/fleet/circuit', { action: 'release' })).toMatchObject(isolated)
    await act('services/fleet/circuit', { action: 'isolate' })
    expect(await act('services/fleet/circuit', { action: 'release' })).toMatchObject(isolated)
  })

  test('check health, with the answer', async () => {
    const { act, clock, manager, state } = setUp()
    await manager.services.flags.all()
    expect(await act('services/flags/health-check')).toMatchObject({
      action: 'health-check',
      healthy: true,
      services: [{ health: { healthy: true } }],
    })
    state.healthy = false
    clock.advance(2_000)
    expect(await act('services/flags/health-check')).toMatchObject({
      healthy: false,
      services: [{ status: 'fail', health: { healthy: false } }],
    })
  })

  test('reach all services at once, those without a circuit included', async () => {
    const { act, faulty, manager } = setUp()
    await manager.services.flags.all()
    faulty.behave(fails())
    for (let call = 0; call < 2; call++) await manager.services.fleet.ask().catch(() => {})
    expect(await act('circuits/reset-all')).toMatchObject({
      action: 'reset-all',
      services: [{ name: 'fleet', circuit: { state: 'closed' } }, { name: 'flags' }],
    })
    const result = await act('cache/invalidate-all')
    expect(result).toMatchObject({
      action: 'invalidate-all',
      services: [{ cache: { state: 'empty' } }, { cache: { state: 'empty' } }],
    })
    expect(result).not.toHaveProperty('healthy')
  })

  test('are told, with whose they are, before what they cause, and to the application', async () => {
    const { act, audited, events } = setUp()
    await act('services/fleet/circuit', { action: 'isolate' })
    await act('cache/invalidate-all')
    expect(await events()).toMatchObject([
      { id: 1, type: 'audit', action: 'isolate', service: 'fleet', actor: 'alice' },
      { id: 2, type: 'circuit', to: 'isolated' },
      { id: 3, type: 'audit', action: 'invalidate-all', service: null, actor: 'alice' },
      { id: 4, type: 'invalidate' },
      { id: 5, type: 'invalidate' },
    ])
    const at = new Date('2026-01-01T00:00:00Z')
    expect(audited).toEqual([
      { at, action: 'isolate', service: 'fleet', scope: 'process', actor: 'alice', allowed: true },
      { at, action: 'invalidate-all', service: null, scope: 'process', actor: 'alice', allowed: true },
    ])
  })

  test('show in the next snapshot at once, on every mount', async () => {
    const { act, ask, mount, snapshot } = setUp()
    const other = mount()
    await snapshot()
    await ask('snapshot', {}, other)
    await act('services/fleet/circuit', { action: 'isolate' })
    const both = [await snapshot(), JSON.parse((await ask('snapshot', {}, other)).body) as Snapshot]
    for (const { services, events, instance } of both) {
      expect(services[0]).toMatchObject({ circuit: { state: 'isolated' } })
      expect(events.map(({ id }) => id)).toEqual([1, 2])
      expect(instance).toEqual(both[0]?.instance)
    }
  })

  test.for<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('the log is full')
      },
    ],
    ['rejects', async () => Promise.reject(new Error('the log is full'))],
  ])('are done although onAudit %s', async ([, onAudit]) => {
    const { act, clock } = setUp({ onAudit })
    expect(await act('services/fleet/cache', { action: 'invalidate' })).toMatchObject({ action: 'invalidate' })
    await clock.settle()
  })
})
