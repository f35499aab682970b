import * as prometheusIo from '@prometheus-io/client'
import {
  factoryProvider,
  InvalidOptionError,
  type ServiceProxy,
  ServiceProxyManager,
  type ServiceProxyOptions,
} from '@svcproxy/core'
import { joinFleet } from '@svcproxy/fleet'
import { ManualClock, plainBreaker } from '@svcproxy/testing'
import { MemoryFleet } from '@svcproxy/testing/fleet'
import fc from 'fast-check'
import { spawnSync } from 'node:child_process'
import { channel } from 'node:diagnostics_channel'
import { createRequire } from 'node:module'
import * as promClient from 'prom-client'
import { describe, expect, test } from 'vitest'
import {
  type PrometheusClient,
  type PrometheusMetricsOptions,
  prometheusMetrics,
  type PrometheusRegistry,
} from './index.ts'

const CLIENTS: [name: string, client: TestedClient][] = [
  ['prom-client', promClient],
  ['@prometheus-io/client', prometheusIo],
]

interface TestedClient extends PrometheusClient {
  readonly register: TestedRegistry
  readonly Registry: new () => TestedRegistry
  readonly AggregatorRegistry: { aggregate(figures: object[]): { metrics(): Promise<string> } }
}

interface TestedRegistry extends PrometheusRegistry {
  metrics(): Promise<string>
  getMetricsAsJSON(): Promise<{ name: string; values: Figure[] }[]>
  resetMetrics(): void
  clear(): void
  setContentType(contentType: string): void
}

interface Figure {
  readonly metricName?: string
  readonly labels: Partial<Record<string, string | number>>
  readonly value: number
}

/** What a service of these tests does, by the method's name. */
interface Fleet {
  works(): Promise<string>
  fails(): Promise<never>
  hangs(): Promise<never>
  knowsNone(): Promise<never>
}

class NotFound extends Error {}

const FLEET: Fleet = {
  works: async () => 'answer',
  fails: async () => {
    throw new Error('The fleet is down')
  },
  hangs: () => new Promise(() => {}),
  knowsNone: async () => {
    throw new NotFound('There is no such vehicle')
  },
}

/** What answers in place of a fleet; a fallback has no deadline, so this one does not hang. */
const SUBSTITUTE: Fleet = { ...FLEET, hangs: FLEET.fails }

const TIMEOUT_MS = 1_000

function world(Registry: TestedClient['Registry']) {
  const clock = new ManualClock()
  const manager = new ServiceProxyManager({
    clock,
    breaker: plainBreaker,
    timeoutMs: TIMEOUT_MS,
    circuit: { failureThreshold: 3, isFailure: (error) => !(error instanceof NotFound) },
  })
  return { clock, manager, register: new Registry() }
}

function fleet(options: Partial<ServiceProxyOptions<Fleet>> = {}): ServiceProxyOptions<Fleet> {
  return { provider: factoryProvider('fleet', { create: () => FLEET }), ...options }
}

/** A service whose `find` is retried: it fails so many times and then succeeds. The wait before the first retry is 50 ms. */
function shop(failures: number, options: Partial<ServiceProxyOptions<Shop>> = {}): ServiceProxyOptions<Shop> {
  let left = failures
  const find = async () => {
    if (left-- > 0) throw new Error('The shop is overloaded')
    return 'found'
  }
  const provider = factoryProvider('shop', { create: () => ({ find }) })
  return { provider, methods: { find: { retry: true } }, random: () => 0.5, ...options }
}

interface Shop {
  find(): Promise<string>
}

/** Calls a method whatever its name is, as a handler does that takes the name from its input. */
function callByName(service: object, method: string): Promise<unknown> {
  const guarded: unknown = Reflect.get(service, method)
  return (guarded as () => Promise<unknown>)().catch(() => undefined)
}

/** A scrape, read both as text and as JSON; the two must say the same. */
async function scrape(register: TestedRegistry) {
  const text = await register.metrics()
  const figures = figuresIn(text)
  const fromJson = (await register.getMetricsAsJSON()).flatMap(({ name, values }) =>
    values.map(({ metricName = name, labels, value }) => ({ name: metricName, labels: asTexts(labels), value })),
  )
  expect(sorted(fromJson)).toEqual(sorted(figures))
  const having = (name: string, labels: Record<string, string>) =>
    figures.filter(
      (figure) => figure.name === name && Object.entries(labels).every(([label, is]) => figure.labels[label] === is),
    )
  return {
    text,
    figures,
    /** The figure of the one series with these labels; undefined when there is none. */
    figure(name: string, labels: Record<string, string> = {}): number | undefined {
      const found = having(name, labels)
      expect(found.length).toBeLessThan(2)
      return found[0]?.value
    },
    /** The sum over all series that have these labels. */
    sum: (name: string, labels: Record<string, string>) =>
      having(name, labels).reduce((total, { value }) => total + value, 0),
    /** The labels of the calls that were measured, without the service's. */
    measured: (service: string) =>
      having('svcproxy_call_duration_seconds_count', { service }).map(
        ({ labels, value }) => `${labels['method']} ${labels['outcome']} ${labels['source']} ${value}`,
      ),
  }
}

interface TextFigure {
  readonly name: string
  readonly labels: Partial<Record<string, string>>
  readonly value: number
}

function figuresIn(text: string): TextFigure[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return lines.map((line) => {
    const [, name = '', labels = '', value = ''] = /^([\w:]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    expect(name, line).not.toBe('')
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', is = '']) => [label, is] as const)
    return { name, labels: Object.fromEntries(pairs), value: Number(value) }
  })
}

function asTexts(labels: Figure['labels']): Partial<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).map(([label, value]) => [label, String(value)]))
}

function sorted(figures: readonly TextFigure[]): string[] {
  const line = ({ name, labels, value }: TextFigure) =>
    `${name} ${JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))} ${value}`
  return figures.map(line).toSorted()
}

const version = (createRequire(import.meta.url)('@svcproxy/core/package.json') as { version: string }).version
/** The tool of Prometheus that checks what is scraped. */
const PROMTOOL = 'promtool'
const hasPromtool = spawnSync(PROMTOOL, ['--version']).error === undefined

describe.each(CLIENTS)('with %s', (_name, client) => {
  test('each call is measured by its method, outcome and source, in seconds', async () => {
    const { clock, manager: empty, register } = world(client.Registry)
    const manager = empty.add('fleet', fleet()).add('spare', fleet({ fallback: () => FLEET }))
    const { services } = manager
    using _metrics = prometheusMetrics(manager, { client, register })

    await services.fleet.works()
    await expect(services.fleet.knowsNone()).rejects.toThrow(NotFound)
    await expect(services.fleet.fails()).rejects.toThrow('down')
    const late = services.fleet.hangs()
    const handled = expect(late).rejects.toThrow('did not answer')
    await clock.advanceAsync(TIMEOUT_MS)
    await handled
    await manager.getProxy('fleet').call((service) => service.works())
    await manager.getProxy('fleet').get()
    using _isolated = manager.getProxy('fleet').isolateCircuit()
    await expect(services.fleet.works()).rejects.toThrow('does not admit')
    using _isolatedToo = manager.getProxy('spare').isolateCircuit()
    await services.spare.works()

    const { measured, figure } = await scrape(register)
    expect(measured('fleet').toSorted()).toEqual([
      '$call success origin 1',
      '$get success cache 1',
      'fails failure origin 1',
      'hangs timeout origin 1',
      'knowsNone ignored origin 1',
      'works rejected origin 1',
      'works success origin 1',
    ])
    expect(measured('spare')).toEqual(['$unknown rejected fallback 1'])
    const hung = { service: 'fleet', method: 'hangs' }
    expect(figure('svcproxy_call_duration_seconds_sum', hung)).toBe(TIMEOUT_MS / 1000)
    expect(figure('svcproxy_call_duration_seconds_bucket', { ...hung, le: '0.5' })).toBe(0)
    expect(figure('svcproxy_call_duration_seconds_bucket', { ...hung, le: '1' })).toBe(1)
  })

  test('a fleet is told of from when it is joined', async () => {
    const { clock, manager, register } = world(client.Registry)
    manager.createProxy('fleet', fleet())
    const engine = new MemoryFleet({ clock })
    const joined = async (of: ServiceProxyManager, label: string) => {
      const joining = joinFleet(of, { store: engine.store(), namespace: 'shop', circuits: ['fleet' as never], label })
      await clock.advanceAsync(10)
      return joining
    }
    using _metrics = prometheusMetrics(manager, { client, register })
    expect((await scrape(register)).text).not.toMatch(/^svcproxy_fleet_.*\d$/m)

    const own = await joined(manager, 'one')
    const other = new ServiceProxyManager({ clock, breaker: plainBreaker, circuit: { failureThreshold: 3 } })
    other.createProxy('fleet', fleet())
    const others = await joined(other, 'two')
    void others.invalidate()
    for (const proxy of [
      manager.getProxy('fleet' as never),
      other.getProxy('fleet' as never),
    ] as ServiceProxy<Fleet>[]) {
      await callByName(proxy.service, 'fails')
      await callByName(proxy.service, 'fails')
    }
    await clock.advanceAsync(5_100)
    const { figure } = await scrape(register)
    const shop = { namespace: 'shop' }
    expect(figure('svcproxy_fleet_state', { ...shop, state: 'connected' })).toBe(1)
    expect(figure('svcproxy_fleet_state', { ...shop, state: 'degraded' })).toBe(0)
    expect(figure('svcproxy_fleet_members', shop)).toBe(2)
    expect(figure('svcproxy_fleet_circuit_open', { ...shop, service: 'fleet' })).toBe(1)
    expect(figure('svcproxy_fleet_probing', { ...shop, service: 'fleet' })).toBe(0)
    expect(figure('svcproxy_fleet_hints_total', { ...shop, result: 'followed' })).toBeGreaterThanOrEqual(2)
    expect(figure('svcproxy_fleet_hints_total', { ...shop, result: 'missed' })).toBe(0)
    expect(figure('svcproxy_fleet_invalidations_total', { ...shop, direction: 'received' })).toBe(1)
    expect(figure('svcproxy_fleet_reports_total', shop)).toBe(own.status.counts.reports)
    expect(figure('svcproxy_fleet_queued_invalidations', shop)).toBe(0)

    engine.stop()
    await clock.settle()
    await own.invalidate()
    const degraded = await scrape(register)
    expect(degraded.figure('svcproxy_fleet_state', { ...shop, state: 'degraded' })).toBe(1)
    expect(degraded.figure('svcproxy_fleet_queued_invalidations', shop)).toBe(1)
    expect(degraded.figure('svcproxy_fleet_disconnections_total', shop)).toBe(1)
    const leaving = Promise.all([own.leave(), others.leave()])
    await clock.advanceAsync(1_000)
    await leaving
  })

  test('a new service has all its counters at 0, its circuit closed, and neither a state of health nor a retry budget', async () => {
    const { manager, register } = world(client.Registry)
    manager.add('fleet', fleet())
    using _metrics = prometheusMetrics(manager, { client, register })
    const { figures } = await scrape(register)
    const lines = figures.map(({ name, labels, value }) => `${name} ${Object.values(labels).join(' ')} ${value}`)
    expect(lines).toEqual([
      'svcproxy_calls_in_flight fleet 0',
      'svcproxy_queue_length fleet 0',
      'svcproxy_abandoned_calls fleet 0',
      'svcproxy_abandoned_loads fleet 0',
      'svcproxy_retries_total fleet success 0',
      'svcproxy_retries_total fleet failure 0',
      'svcproxy_retries_total fleet denied 0',
      'svcproxy_circuit_state fleet closed 1',
      'svcproxy_circuit_state fleet open 0',
      'svcproxy_circuit_state fleet half_open 0',
      'svcproxy_circuit_state fleet isolated 0',
      'svcproxy_circuit_transitions_total fleet closed 0',
      'svcproxy_circuit_transitions_total fleet open 0',
      'svcproxy_circuit_transitions_total fleet half_open 0',
      'svcproxy_circuit_transitions_total fleet isolated 0',
      'svcproxy_circuit_mode fleet enforce 1',
      'svcproxy_circuit_mode fleet observe 0',
      'svcproxy_circuit_would_reject_total fleet 0',
      'svcproxy_rejected_calls_total fleet open 0',
      'svcproxy_rejected_calls_total fleet isolated 0',
      'svcproxy_rejected_calls_total fleet capacity 0',
      'svcproxy_rejected_calls_total fleet stopped 0',
      'svcproxy_rejected_calls_total fleet misuse 0',
      'svcproxy_cache_gets_total fleet hit 0',
      'svcproxy_cache_gets_total fleet miss 0',
      'svcproxy_cache_gets_total fleet stale 0',
      'svcproxy_cache_invalidations_total fleet 0',
      'svcproxy_fallbacks_total fleet 0',
      `svcproxy_build_info ${version} 1`,
    ])
  })

  test('the circuit is shown as it stands at the scrape, and the way it came there', async () => {
    const { clock, manager, register } = world(client.Registry)
    const { services } = manager.add('fleet', fleet())
    using _metrics = prometheusMetrics(manager, { client, register })
    for (let count = 0; count < 3; count++) await expect(services.fleet.fails()).rejects.toThrow('down')
    const opened = await scrape(register)
    expect(opened.figure('svcproxy_circuit_state', { state: 'open' })).toBe(1)
    expect(opened.figure('svcproxy_circuit_state', { state: 'closed' })).toBe(0)
    expect(opened.figure('svcproxy_circuit_transitions_total', { to: 'open' })).toBe(1)
    expect(opened.figure('svcproxy_circuit_transitions_total', { to: 'half_open' })).toBe(0)
    clock.advance(30_000)
    const waited = await scrape(register)
    expect(waited.figure('svcproxy_circuit_state', { state: 'half_open' })).toBe(1)
    expect(waited.figure('svcproxy_circuit_state', { state: 'open' })).toBe(0)
    expect(waited.figure('svcproxy_circuit_transitions_total', { to: 'half_open' })).toBe(1)
  })

  test('a circuit that only observes is told from one that refuses, and what it would have rejected is counted', async () => {
    const { manager: empty, register } = world(client.Registry)
    const manager = empty
      .add('tried', fleet({ circuit: { failureThreshold: 3, mode: 'observe' } }))
      .add('fleet', fleet())
    const { services } = manager
    using _metrics = prometheusMetrics(manager, { client, register })
    for (const service of [services.tried, services.fleet]) {
      for (let count = 0; count < 3; count++) await expect(service.fails()).rejects.toThrow('down')
    }
    await services.tried.works()
    await services.tried.works()
    await expect(services.fleet.works()).rejects.toThrow('does not admit')
    const { figure } = await scrape(register)
    const told = (service: string) => ({
      open: figure('svcproxy_circuit_state', { service, state: 'open' }),
      observe: figure('svcproxy_circuit_mode', { service, mode: 'observe' }),
      enforce: figure('svcproxy_circuit_mode', { service, mode: 'enforce' }),
      wouldReject: figure('svcproxy_circuit_would_reject_total', { service }),
      rejected: figure('svcproxy_rejected_calls_total', { service, reason: 'open' }),
    })
    expect(told('tried')).toEqual({ open: 1, observe: 1, enforce: 0, wouldReject: 2, rejected: 0 })
    expect(told('fleet')).toEqual({ open: 1, observe: 0, enforce: 1, wouldReject: 0, rejected: 1 })
  })

  test('the windows of the rules have their ratios while the circuit is closed, and rules that are off have none', async () => {
    const { manager: empty, register } = world(client.Registry)
    const manager = empty
      .add('both', fleet({ circuit: { failureRate: { ratio: 0.9 }, slowCalls: { thresholdMs: 500, ratio: 0.5 } } }))
      .add('one', fleet({ circuit: { failureThreshold: 3, failureRate: { ratio: 0.9, windowCalls: 9 } } }))
    const { services } = manager
    using _metrics = prometheusMetrics(manager, { client, register })
    const ratios = async () => {
      const { figures } = await scrape(register)
      const found = figures.filter(({ name }) => name === 'svcproxy_circuit_window_ratio')
      return found.map(({ labels, value }) => [labels['service'], labels['kind'], value])
    }
    await services.one.works() // the load of its instance is a call of its own
    for (let count = 0; count < 2; count++) await expect(services.one.fails()).rejects.toThrow('down')
    expect(await ratios()).toEqual([
      ['both', 'failure', 0],
      ['both', 'slow', 0],
      ['one', 'failure', 0.5],
    ])
    await expect(services.one.fails()).rejects.toThrow('down')
    expect(await ratios()).toEqual([
      ['both', 'failure', 0],
      ['both', 'slow', 0],
    ])
  })

  test('retries are counted by what became of them, and their call is one call that takes as long as all of it', async () => {
    const { clock, manager: empty, register } = world(client.Registry)
    const manager = empty
      .add('once', shop(1))
      .add('down', shop(Infinity))
      .add('denied', shop(1, { retryBudget: { ratio: 0, minPerSecond: 0 } }))
    const { services } = manager
    using _metrics = prometheusMetrics(manager, { client, register })
    const calls = Promise.allSettled([services.once.find(), services.down.find(), services.denied.find()])
    await clock.advanceAsync(150)
    expect((await calls).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])

    const { figures, measured, figure } = await scrape(register)
    const retries = (service: string) => counted(figures, 'svcproxy_retries_total', 'outcome', service)
    expect(retries('once')).toEqual({ success: 1, failure: 0, denied: 0 })
    expect(retries('down')).toEqual({ success: 0, failure: 2, denied: 0 })
    expect(retries('denied')).toEqual({ success: 0, failure: 0, denied: 1 })
    expect(measured('once')).toEqual(['find success origin 1'])
    expect(figure('svcproxy_call_duration_seconds_sum', { service: 'once' })).toBe(0.05)
    expect(measured('down')).toEqual(['find failure origin 1'])
    expect(figure('svcproxy_call_duration_seconds_sum', { service: 'down' })).toBe(0.15)
  })

  test('what is left of a retry budget is shown from the first call on that may be retried', async () => {
    const { clock, manager: empty, register } = world(client.Registry)
    const manager = empty
      .add('shop', shop(1))
      .add('denied', shop(0, { retryBudget: { ratio: 0, minPerSecond: 0 } }))
      .add('fleet', fleet())
    const { services } = manager
    using _metrics = prometheusMetrics(manager, { client, register })
    const budgets = async () => {
      const { figures } = await scrape(register)
      const found = figures.filter(({ name }) => name === 'svcproxy_retry_budget_remaining')
      return Object.fromEntries(found.map(({ labels, value }) => [labels['service'], value]))
    }
    await services.fleet.works()
    expect(await budgets()).toEqual({})
    const call = services.shop.find()
    await clock.advanceAsync(50)
    await call
    await services.denied.find()
    expect(await budgets()).toEqual({ shop: 9, denied: 0 })
    clock.advance(20_000)
    expect(await budgets()).toEqual({ shop: 10, denied: 0 })
  })

  test('the queue has its length, and the calls that waited in it are measured when they end', async () => {
    const { clock, manager: empty, register } = world(client.Registry)
    const manager = empty.add('fleet', fleet({ maxConcurrentCalls: 1, maxQueuedCalls: 2 }))
    using _metrics = prometheusMetrics(manager, { client, register })
    const call = () =>
      manager.getProxy('fleet').call(() => new Promise<void>((resolve) => void clock.setTimer(resolve, 100)))
    const calls = Promise.allSettled([call(), call(), call(), call()])
    const told = async () => {
      const { figure } = await scrape(register)
      return {
        inFlight: figure('svcproxy_calls_in_flight'),
        waiting: figure('svcproxy_queue_length'),
        measured: figure('svcproxy_queue_wait_seconds_count'),
      }
    }
    await clock.settle()
    expect(await told()).toEqual({ inFlight: 3, waiting: 2, measured: undefined })
    await clock.advanceAsync(100)
    expect(await told()).toEqual({ inFlight: 2, waiting: 1, measured: undefined })
    await clock.advanceAsync(100)
    expect(await told()).toEqual({ inFlight: 1, waiting: 0, measured: 1 })
    await clock.advanceAsync(100)
    expect(await told()).toEqual({ inFlight: 0, waiting: 0, measured: 2 })
    expect((await calls).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected'])
    const { figure } = await scrape(register)
    expect(figure('svcproxy_queue_wait_seconds_sum', { service: 'fleet' })).toBeCloseTo(0.3)
    expect(figure('svcproxy_queue_wait_seconds_bucket', { service: 'fleet', le: '0.05' })).toBe(0)
    expect(figure('svcproxy_queue_wait_seconds_bucket', { service: 'fleet', le: '0.1' })).toBe(1)
    expect(figure('svcproxy_queue_wait_seconds_bucket', { service: 'fleet', le: '0.25' })).toBe(2)
  })

  test('a wait in the queue that leads to nothing is measured, too', async () => {
    const { clock, manager: empty, register } = world(client.Registry)
    const manager = empty.add('fleet', fleet({ maxConcurrentCalls: 1, maxQueuedCalls: 2 }))
    using _metrics = prometheusMetrics(manager, { client, register })
    const calls = Promise.allSettled([manager.services.fleet.hangs(), manager.services.fleet.works()])
    await clock.advanceAsync(TIMEOUT_MS)
    await calls
    const { figure, measured } = await scrape(register)
    expect(measured('fleet')).toContain('$unknown rejected origin 1')
    expect(figure('svcproxy_queue_wait_seconds_count')).toBe(1)
    expect(figure('svcproxy_queue_wait_seconds_sum')).toBe(TIMEOUT_MS / 1000)
  })

  test('a service without a circuit has no series of one', async () => {
    const { manager, register } = world(client.Registry)
    manager.add('fleet', fleet({ circuit: false }))
    using _metrics = prometheusMetrics(manager, { client, register })
    const { figures } = await scrape(register)
    expect(figures.filter(({ name }) => /circuit_(?!rejected)/.test(name))).toEqual([])
    expect(figures).toContainEqual({ name: 'svcproxy_calls_in_flight', labels: { service: 'fleet' }, value: 0 })
  })

  test('the health of a service is shown from its first check on', async () => {
    const { clock, manager, register } = world(client.Registry)
    let healthy = true
    const provider = factoryProvider('fleet', { create: () => FLEET, checkHealth: () => healthy })
    const { services } = manager.add('fleet', fleet({ provider }))
    using _metrics = prometheusMetrics(manager, { client, register })
    const health = async () => (await scrape(register)).figure('svcproxy_health_state', { service: 'fleet' })
    await services.fleet.works()
    expect(await health()).toBeUndefined()
    await manager.getHealthStatus()
    expect(await health()).toBe(1)
    healthy = false
    clock.advance(2_000)
    await manager.getHealthStatus()
    expect(await health()).toBe(0)
  })

  test('a scrape agrees with getAllMetrics(), whatever has happened', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(SERVICE, DEED), { maxLength: 60 }), async (deeds) => {
        const { clock, manager: empty, register } = world(client.Registry)
        const outage = { lasts: false }
        const provider = factoryProvider('fleet', { create: () => (outage.lasts ? FLEET.fails() : FLEET) })
        const manager = empty
          .add('plain', fleet({ provider, staleWhileRevalidateMs: 500, staleIfErrorMs: 1_000, cacheTtlMs: 2_000 }))
          .add('backed', fleet({ provider, fallback: () => SUBSTITUTE, methods: RETRIED, retryBudget: TIGHT }))
          .add('bare', fleet({ provider, circuit: false, timeoutMs: TIMEOUT_MS, ...QUEUE }))
        using _metrics = prometheusMetrics(manager, { client, register })
        const isolations: Disposable[] = []
        const agree = () => expectAgreement(manager, register, clock)
        for (const [name, deed] of deeds) {
          await DEEDS[deed]({ proxy: manager.getProxy(name), clock, isolations, outage, agree })
        }
        await agree()
        await clock.advanceAsync(60_000)
        expect(Object.values(manager.getAllMetrics()).map(({ inFlight }) => inFlight)).toEqual([0, 0, 0])
        await agree()
        // Waits are measured when their calls have ended.
        const { sum } = await scrape(register)
        const { queueWait } = manager.getProxy('bare').getMetrics()
        expect(sum('svcproxy_queue_wait_seconds_count', { service: 'bare' })).toBe(queueWait.count)
      }),
      { numRuns: 150 },
    )
  })

  test('a removed proxy has no series at the next scrape, and a call that outlives it brings none back', async () => {
    const { clock, manager: empty, register } = world(client.Registry)
    const manager = empty.add('fleet', fleet()).add('other', fleet())
    using _metrics = prometheusMetrics(manager, { client, register })
    await manager.services.fleet.works()
    await manager.services.other.works()
    const late = expect(manager.services.fleet.hangs()).rejects.toThrow('did not answer')
    await clock.settle()
    const removal = manager.removeProxy('fleet', { timeoutMs: 10_000 })

    const removed = await scrape(register)
    expect(removed.text).not.toContain('"fleet"')
    expect(removed.measured('other')).toEqual(['works success origin 1'])
    await clock.advanceAsync(TIMEOUT_MS)
    await late
    // Its work never ends: the removal gives up.
    await clock.advanceAsync(10_000)
    await removal
    expect((await scrape(register)).text).not.toContain('"fleet"')
  })

  test('a call that ends between the removal of its proxy and the end of it leaves nothing behind', async () => {
    const { clock, manager: empty, register } = world(client.Registry)
    const manager = empty.add('fleet', fleet())
    using _metrics = prometheusMetrics(manager, { client, register })
    const late = expect(manager.services.fleet.hangs()).rejects.toThrow('did not answer')
    await clock.settle()
    const removal = manager.removeProxy('fleet', { timeoutMs: 10_000 })
    await clock.advanceAsync(TIMEOUT_MS)
    await late
    // Its work never ends: the removal gives up.
    await clock.advanceAsync(10_000)
    await removal
    expect((await scrape(register)).text).not.toContain('"fleet"')
  })

  test('a proxy that takes over the name of a removed one starts from nothing', async () => {
    const { clock, manager: empty, register } = world(client.Registry)
    const manager = empty.add('fleet', fleet({ maxConcurrentCalls: 1, maxQueuedCalls: 1 }))
    using _metrics = prometheusMetrics(manager, { client, register })
    await Promise.all([manager.services.fleet.works(), manager.services.fleet.works()])
    expect((await scrape(register)).figure('svcproxy_queue_wait_seconds_count')).toBe(1)
    const late = expect(manager.services.fleet.hangs()).rejects.toThrow('did not answer')
    await clock.settle()
    const removal = manager.removeProxy('fleet', { timeoutMs: 10_000 })
    manager.createProxy('fleet', fleet())
    await expect(manager.services.fleet.fails()).rejects.toThrow('down')
    await clock.advanceAsync(TIMEOUT_MS)
    await late
    // Its work never ends: the removal gives up.
    await clock.advanceAsync(10_000)
    await removal
    const { measured, figure } = await scrape(register)
    expect(measured('fleet')).toEqual(['fails failure origin 1'])
    expect(figure('svcproxy_queue_wait_seconds_count')).toBeUndefined()
    expect(figure('svcproxy_cache_gets_total', { result: 'miss' })).toBe(1)
  })

  test('the series of a removed proxy are let go at its end, even if nobody scrapes', async () => {
    const { manager: empty, register } = world(client.Registry)
    const queue = { maxConcurrentCalls: 1, maxQueuedCalls: 1 }
    const manager = empty.add('fleet', fleet(queue)).add('stopped', fleet()).add('last', fleet())
    const removed: unknown[] = []
    class Watched extends client.Histogram {
      override remove(labels: Record<string, string>): void {
        removed.push(labels)
        super.remove(labels)
      }
    }
    const metrics = prometheusMetrics(manager, { client: { ...client, Histogram: Watched }, register })
    await Promise.all([manager.services.fleet.works(), manager.services.fleet.works()])
    await manager.services.stopped.works()
    await manager.services.last.works()
    await manager.getProxy('stopped').stop()
    await manager.removeProxy('fleet')
    const labels = { method: 'works', outcome: 'success', source: 'origin' }
    const ofFleet = [{ service: 'fleet', ...labels }, { service: 'fleet' }]
    expect(removed).toEqual(ofFleet)
    metrics.dispose()
    await manager.removeProxy('last')
    expect(removed).toEqual(ofFleet)
  })

  test('a method in a namespace has its path', async () => {
    const { manager: empty, register } = world(client.Registry)
    const chat = { completions: { create: async () => 'answer' } }
    const manager = empty.add('model', { provider: factoryProvider('model', { create: () => ({ chat }) }) })
    using _metrics = prometheusMetrics(manager, { client, register })
    await manager.services.model.chat.completions.create()
    expect((await scrape(register)).measured('model')).toEqual(['chat.completions.create success origin 1'])
  })

  test('proxies that are made later are measured, too', async () => {
    const { manager, register } = world(client.Registry)
    using _metrics = prometheusMetrics(manager, { client, register })
    await manager.createProxy('late', fleet()).service.works()
    const { measured, figure } = await scrape(register)
    expect(measured('late')).toEqual(['works success origin 1'])
    expect(figure('svcproxy_cache_gets_total', { service: 'late', result: 'miss' })).toBe(1)
  })

  test('the name of a method that the service does not have never becomes a label', async () => {
    const { manager: empty, register } = world(client.Registry)
    const down = factoryProvider<Fleet>('down', {
      create: () => {
        throw new Error('No connection')
      },
    })
    const manager = empty
      .add('up', fleet())
      .add('down', fleet({ provider: down }))
      .add('saved', fleet({ provider: down, fallback: () => FLEET }))
      .add('isolated', fleet())
    using _metrics = prometheusMetrics(manager, { client, register })
    using _isolated = manager.getProxy('isolated').isolateCircuit()
    const { services } = manager
    for (const service of [services.up, services.down, services.saved, services.isolated]) {
      await callByName(service, 'input="1"')
    }
    await services.up.works()
    await callByName(services.up, 'input="2"')
    const { text, measured } = await scrape(register)
    expect(text).not.toContain('input')
    expect(measured('up')).toEqual(['$unknown rejected origin 2', 'works success origin 1'])
    expect(measured('down')).toEqual(['$unknown failure origin 1'])
    expect(measured('saved')).toEqual(['$unknown failure origin 1'])
    expect(measured('isolated')).toEqual(['$unknown rejected origin 1'])
  })

  test('a service has at most 64 methods as labels; the others share one', async () => {
    const { manager: empty, register } = world(client.Registry)
    const methods = Array.from({ length: 80 }, (_, index) => `method${index}`)
    const many = Object.fromEntries(methods.map((method) => [method, async () => method]))
    const manager = empty.add('many', { provider: factoryProvider('many', { create: () => many }) })
    using _metrics = prometheusMetrics(manager, { client, register })
    for (const method of [...methods, ...methods]) await callByName(manager.services.many, method)
    const measured = (await scrape(register)).measured('many')
    const known = Object.keys(manager.getAllMetrics()['many']!.latency).filter((method) => method.startsWith('method'))
    // The load of the service, `$get`, is one of the 64.
    expect(known).toHaveLength(63)
    expect(measured).toEqual([...known.map((method) => `${method} success origin 2`), '$other success origin 34'])
    await callByName(manager.services.many, 'input')
    expect((await scrape(register)).measured('many')).toContain('$unknown rejected origin 1')
  })

  test('what no proxy did is not measured', async () => {
    const { manager: empty, register } = world(client.Registry)
    const manager = empty.add('fleet', fleet())
    using _metrics = prometheusMetrics(manager, { client, register })
    const strange = {
      service: 'fleet',
      method: 'input',
      proxy: {},
      source: 'origin',
      outcome: 'success',
      durationMs: 1,
    }
    channel('tracing:svcproxy:call:asyncEnd').publish(strange)
    channel('tracing:svcproxy:call:asyncEnd').publish({
      ...strange,
      proxy: manager.getProxy('fleet'),
      outcome: undefined,
    })
    channel('tracing:svcproxy:call:asyncEnd').publish({ ...strange, service: 'toString' })
    expect((await scrape(register)).measured('fleet')).toEqual([])
  })

  test('two managers, each with a registry of its own, are kept apart', async () => {
    const one = world(client.Registry)
    const two = world(client.Registry)
    const first = one.manager.add('fleet', fleet())
    const second = two.manager.add('fleet', fleet())
    using _first = prometheusMetrics(first, { client, register: one.register })
    using _second = prometheusMetrics(second, { client, register: two.register })
    await first.services.fleet.works()
    await second.services.fleet.works()
    await second.services.fleet.works()
    expect((await scrape(one.register)).measured('fleet')).toEqual(['works success origin 1'])
    expect((await scrape(two.register)).measured('fleet')).toEqual(['works success origin 2'])
  })

  test('without a registry, that of the module is used; with one, the module’s is not touched', async () => {
    const { manager, register } = world(client.Registry)
    using _own = prometheusMetrics(manager, { client, register })
    expect(await client.register.metrics()).not.toContain('svcproxy')
    const other = new ServiceProxyManager()
    using _global = prometheusMetrics(other, { client })
    expect(await client.register.metrics()).toContain('svcproxy_build_info')
  })

  test('a registry takes one manager; a second is refused, and nothing of it stays behind', async () => {
    const { manager: empty, register } = world(client.Registry)
    const manager = empty.add('fleet', fleet())
    using _metrics = prometheusMetrics(manager, { client, register })
    const again = () => prometheusMetrics(new ServiceProxyManager(), { client, register })
    expect(again).toThrow(InvalidOptionError)
    expect(again).toThrow(
      'register must be a registry without svcproxy_call_duration_seconds: each manager needs its own registry',
    )
    await manager.services.fleet.works()
    expect((await scrape(register)).measured('fleet')).toEqual(['works success origin 1'])
  })

  test.each(['svcproxy_build_info', 'svcproxy_queue_wait_seconds', 'svcproxy_retries_total'])(
    'a registry in which the application has a name of ours is refused, and gets none of the others: %s',
    async (name) => {
      const { manager, register } = world(client.Registry)
      const theirs = new client.Gauge({
        name,
        help: 'Theirs.',
        labelNames: [],
        registers: [],
        aggregator: 'sum',
        collect: () => undefined,
      })
      register.registerMetric(theirs)
      expect(() => prometheusMetrics(manager, { client, register })).toThrow(`a registry without ${name}:`)
      expect((await register.getMetricsAsJSON()).map((metric) => metric.name)).toEqual([name])
    },
  )

  test('the handle takes the metrics out of the registry, measures no more, and lets another manager in', async () => {
    const { manager: empty, register } = world(client.Registry)
    const manager = empty.add('fleet', fleet())
    const metrics = prometheusMetrics(manager, { client, register })
    await manager.services.fleet.works()
    expect(channel('tracing:svcproxy:call:asyncEnd').hasSubscribers).toBe(true)
    metrics.dispose()
    expect(channel('tracing:svcproxy:call:asyncEnd').hasSubscribers).toBe(false)
    expect((await register.metrics()).trim()).toBe('')
    using _again = prometheusMetrics(manager, { client, register })
    metrics[Symbol.dispose]()
    await manager.services.fleet.works()
    expect((await scrape(register)).measured('fleet')).toEqual(['works success origin 1'])
  })

  test('a client that throws while it measures ends neither the call nor the process', async () => {
    let asked = 0
    class Broken extends client.Histogram {
      override labels(): never {
        asked++
        throw new Error('out of order')
      }
    }
    const { manager: empty, register } = world(client.Registry)
    const manager = empty.add('fleet', fleet())
    using _metrics = prometheusMetrics(manager, { client: { ...client, Histogram: Broken }, register })
    // An exception that nobody catches fails the whole run.
    expect(await manager.services.fleet.works()).toBe('answer')
    expect(asked).toBe(1)
  })

  test('scrapes go on after the manager was stopped', async () => {
    const { manager: empty, register } = world(client.Registry)
    const manager = empty.add('fleet', fleet())
    using _metrics = prometheusMetrics(manager, { client, register })
    await manager.services.fleet.works()
    await manager.stop()
    await expect(manager.services.fleet.works()).rejects.toThrow('was stopped')
    const { measured, figure } = await scrape(register)
    expect(measured('fleet')).toEqual(['works success origin 1', 'works rejected origin 1'])
    expect(figure('svcproxy_rejected_calls_total', { reason: 'stopped' })).toBe(1)
  })

  test('a registry whose metrics are reset loses durations, and nothing that is counted', async () => {
    const { manager: empty, register } = world(client.Registry)
    const manager = empty.add('fleet', fleet())
    using _metrics = prometheusMetrics(manager, { client, register })
    await manager.services.fleet.works()
    register.resetMetrics()
    await manager.services.fleet.works()
    const { measured, figure } = await scrape(register)
    expect(measured('fleet')).toEqual(['works success origin 1'])
    expect(figure('svcproxy_cache_gets_total', { result: 'miss' })).toBe(1)
    expect(figure('svcproxy_build_info', { version })).toBe(1)
  })

  test('the figures of several processes add up; a state stays 0 or 1', async () => {
    const parts = await Promise.all(
      ['fails', 'works', 'works'].map(async (method) => {
        const { manager: empty, register } = world(client.Registry)
        const manager = empty.add('fleet', fleet({ methods: { works: { retry: true } } }))
        using _metrics = prometheusMetrics(manager, { client, register })
        for (let count = 0; count < 3; count++) await callByName(manager.services.fleet, method)
        await manager.getProxy('fleet').checkHealth()
        return await register.getMetricsAsJSON()
      }),
    )
    const all = figuresIn(await client.AggregatorRegistry.aggregate(parts).metrics())
    const of = (name: string) =>
      all.filter((figure) => figure.name === name).map(({ labels, value }) => [...Object.values(labels), value])
    expect(of('svcproxy_cache_gets_total')).toContainEqual(['fleet', 'miss', 3])
    expect(of('svcproxy_circuit_state')).toContainEqual(['fleet', 'open', 1])
    expect(of('svcproxy_circuit_state')).toContainEqual(['fleet', 'closed', 1])
    expect(of('svcproxy_retry_budget_remaining')).toEqual([['fleet', 20]])
    expect(of('svcproxy_health_state')).toEqual([['fleet', 1]])
    expect(of('svcproxy_build_info')).toEqual([[version, 1]])
  })

  test('the buckets can be chosen', async () => {
    const { manager: empty, register } = world(client.Registry)
    const manager = empty.add('fleet', fleet({ maxConcurrentCalls: 1, maxQueuedCalls: 1 }))
    const buckets = [0.1, 1]
    using _metrics = prometheusMetrics(manager, { client, register, buckets })
    await Promise.all([manager.services.fleet.works(), manager.services.fleet.works()])
    const { figures } = await scrape(register)
    const bounds = (metric: string) =>
      figures.filter(({ name }) => name === `${metric}_bucket`).map(({ labels }) => labels['le'])
    expect(bounds('svcproxy_call_duration_seconds')).toEqual(['0.1', '1', '+Inf'])
    expect(bounds('svcproxy_queue_wait_seconds')).toEqual(['0.1', '1', '+Inf'])
    expect(Object.isFrozen(buckets)).toBe(false)
  })

  test.each<[option: string, options: object]>([
    ['client must be the module prom-client or @prometheus-io/client; received undefined', { client: undefined }],
    ['client must be the module', { client: { default: client } }],
    ['buckets must be an ascending list of numbers above 0; received an array', { client, buckets: [1, 0.5] }],
    ['buckets must be', { client, buckets: [] }],
    ['buckets must be', { client, buckets: [0, 1] }],
    ['buckets must be', { client, buckets: [1, 1] }],
    ['buckets must be', { client, buckets: [1, Infinity] }],
    ['buckets must be', { client, buckets: '1' }],
    ['options must be an object with only client, register, buckets; received "registry"', { client, registry: {} }],
  ])('a wrong option is an error that says: %s', (message, options) => {
    const make = () => prometheusMetrics(new ServiceProxyManager(), options as PrometheusMetricsOptions)
    expect(make).toThrow(InvalidOptionError)
    expect(make).toThrow(message)
  })

  test.skipIf(!hasPromtool)(
    `promtool has nothing to say against a scrape${hasPromtool ? '' : ' (needs: apt-get install -y --no-install-recommends prometheus)'}`,
    async () => {
      const { manager: empty, register } = world(client.Registry)
      const queue = { maxConcurrentCalls: 1, maxQueuedCalls: 1 }
      const manager = empty
        .add('fleet', fleet({ ...queue, methods: { works: { retry: true } } }))
        .add('other', fleet({ fallback: () => FLEET }))
      using _metrics = prometheusMetrics(manager, { client, register })
      for (const method of ['works', 'fails', 'knowsNone', 'none']) {
        await callByName(manager.services.fleet, method)
        await callByName(manager.services.other, method)
      }
      await Promise.all([manager.services.fleet.works(), manager.services.fleet.works()])
      await manager.getHealthStatus()
      const text = await register.metrics()
      for (const metric of ['health_state', 'retry_budget_remaining', 'queue_wait_seconds_sum']) {
        expect(text).toContain(`svcproxy_${metric}{`)
      }
      const { status, stdout, stderr } = spawnSync(PROMTOOL, ['check', 'metrics'], { input: text, encoding: 'utf8' })
      expect({ status, output: stdout + stderr }).toEqual({ status: 0, output: '' })
    },
  )

  test('an OpenMetrics registry gets counters by their names there', async () => {
    const { manager: empty, register } = world(client.Registry)
    const manager = empty.add('fleet', fleet())
    register.setContentType('application/openmetrics-text; version=1.0.0; charset=utf-8')
    const metrics = prometheusMetrics(manager, { client, register })
    await manager.services.fleet.works()
    for (let count = 0; count < 2; count++) {
      const text = await register.metrics()
      expect(text).toContain('# TYPE svcproxy_cache_gets counter')
      expect(text).toMatch(/^svcproxy_cache_gets_total\{.*result="miss".*\} 1$/m)
      expect(text).not.toContain('_total_total')
    }
    metrics.dispose()
    expect((await register.metrics()).trim()).toBe('# EOF')
  })
})

/** What a random run does with, and to, a service. */
interface DeedContext {
  readonly proxy: ServiceProxy<Fleet>
  readonly clock: ManualClock
  readonly isolations: Disposable[]
  readonly outage: { lasts: boolean }
  agree(): Promise<void>
}

const unheard = (promise: Promise<unknown>): void => void promise.catch(() => undefined)

const DEEDS = {
  works: ({ proxy }) => unheard(proxy.service.works()),
  worksAgain: ({ proxy }) => unheard(proxy.service.works()),
  fails: ({ proxy }) => unheard(proxy.service.fails()),
  failsAgain: ({ proxy }) => unheard(proxy.service.fails()),
  hangs: ({ proxy }) => unheard(proxy.service.hangs()),
  knowsNone: ({ proxy }) => unheard(proxy.service.knowsNone()),
  unknownMethod: ({ proxy }) => unheard(callByName(proxy.service, 'none')),
  get: ({ proxy }) => unheard(proxy.get()),
  getAborted: ({ proxy }) => unheard(proxy.get({ signal: AbortSignal.abort() })),
  async callAborted({ proxy, clock }) {
    const abort = new AbortController()
    unheard(proxy.call((service) => service.hangs(), { signal: abort.signal }))
    await clock.settle()
    abort.abort()
  },
  fallback: ({ proxy }) => unheard(proxy.call<string>((service) => service.fails(), { fallback: () => 'another' })),
  fallbackFails: ({ proxy }) =>
    unheard(proxy.call<string>((service) => service.fails(), { fallback: () => FLEET.fails() })),
  invalidate: ({ proxy }) => proxy.invalidateCache(),
  expire: ({ proxy }) => proxy.expireCache(),
  reset: ({ proxy }) => proxy.resetCircuitBreaker(),
  isolate({ proxy, isolations }) {
    if (proxy.circuitState !== 'disabled') isolations.push(proxy.isolateCircuit())
  },
  release: ({ isolations }) => isolations.pop()?.[Symbol.dispose](),
  outage: ({ outage }) => void (outage.lasts = !outage.lasts),
  wait: ({ clock }) => clock.advanceAsync(TIMEOUT_MS),
  waitLong: ({ clock }) => clock.advanceAsync(30_000),
  scrape: ({ agree }) => agree(),
} satisfies Record<string, (context: DeedContext) => void | Promise<void>>

const SERVICE = fc.constantFrom('plain', 'backed', 'bare')
const DEED = fc.constantFrom(...(Object.keys(DEEDS) as (keyof typeof DEEDS)[]))

/** What the services of that test are made with. */
const RETRIED = { fails: { retry: true }, hangs: { retry: true } } as const
const TIGHT = { ratio: 0.2, minPerSecond: 0.1 } as const
const QUEUE = { maxConcurrentCalls: 2, maxQueuedCalls: 2 } as const

const DURATION_COUNT = 'svcproxy_call_duration_seconds_count'

async function expectAgreement<M extends object>(
  manager: ServiceProxyManager<M>,
  register: TestedRegistry,
  clock: ManualClock,
): Promise<void> {
  await clock.settle()
  const { figure, sum, figures } = await scrape(register)
  const all = manager.getAllMetrics()
  for (const service of manager.names) {
    const metrics = all[service]!
    const { retryBudget } = manager.getProxy(service).getStatus()
    const ended = (outcome: string) => sum(DURATION_COUNT, { service, outcome })
    expect({
      inFlight: figure('svcproxy_calls_in_flight', { service }),
      abandonedCalls: figure('svcproxy_abandoned_calls', { service }),
      abandonedLoads: figure('svcproxy_abandoned_loads', { service }),
      queued: figure('svcproxy_queue_length', { service }),
      retries: counted(figures, 'svcproxy_retries_total', 'outcome', service),
      retriesLeft: figure('svcproxy_retry_budget_remaining', { service }),
      successfulAndFailed: ended('success') + ended('failure') + ended('timeout') + ended('ignored'),
      rejected: ended('rejected'),
      timedOut: ended('timeout'),
      measuredFallbacks: sum(DURATION_COUNT, { service, source: 'fallback' }),
      fallbacks: figure('svcproxy_fallbacks_total', { service }),
      staleServed: figure('svcproxy_cache_gets_total', { service, result: 'stale' }),
      cacheHits: figure('svcproxy_cache_gets_total', { service, result: 'hit' }),
      cacheMisses: figure('svcproxy_cache_gets_total', { service, result: 'miss' }),
      invalidations: figure('svcproxy_cache_invalidations_total', { service }),
      rejections: counted(figures, 'svcproxy_rejected_calls_total', 'reason', service),
      transitions: counted(figures, 'svcproxy_circuit_transitions_total', 'to', service),
      state: figures.find(({ name, labels, value }) => {
        return name === 'svcproxy_circuit_state' && labels['service'] === service && value === 1
      })?.labels['state'],
    }).toEqual({
      abandonedCalls: metrics.abandonedCalls,
      abandonedLoads: metrics.abandonedLoads,
      queued: metrics.queuedCalls,
      retries: metrics.retries,
      retriesLeft: retryBudget?.remaining,
      inFlight: metrics.inFlight,
      successfulAndFailed: metrics.successfulRequests + metrics.failedRequests,
      rejected: metrics.rejectedRequests,
      timedOut: metrics.timedOutRequests,
      measuredFallbacks: metrics.fallbacks,
      fallbacks: metrics.fallbacks,
      staleServed: metrics.staleServed,
      cacheHits: metrics.cacheHits,
      cacheMisses: metrics.cacheMisses,
      invalidations: metrics.invalidations,
      rejections: metrics.rejections,
      transitions: metrics.circuitState === 'disabled' ? {} : metrics.circuitTransitions,
      state: metrics.circuitState === 'disabled' ? undefined : metrics.circuitState,
    })
  }
  const methods = new Set(figures.filter(({ name }) => name === DURATION_COUNT).map(({ labels }) => labels['method']))
  expect(['$call', '$get', '$unknown', ...Object.keys(FLEET)]).toEqual(expect.arrayContaining([...methods]))
}

function counted(figures: readonly TextFigure[], metric: string, label: string, service: string) {
  const found = figures.filter(({ name, labels }) => name === metric && labels['service'] === service)
  return Object.fromEntries(found.map(({ labels, value }) => [labels[label], value]))
}
