import { expect, test } from 'vitest'
import type { ProcessState, ServiceRow } from './answers.ts'
import { widthOf } from './plain-text.ts'
import { eventLines, statusLines } from './status-lines.ts'

const NOW = Date.UTC(2026, 0, 1, 3, 12, 0)
const ago = (seconds: number): string => new Date(NOW - seconds * 1_000).toISOString()
const plain = (_style: string, text: string): string => text

const CLOSED: NonNullable<ServiceRow['circuit']> = {
  state: 'closed',
  since: ago(90_000),
  mode: 'enforce',
  wouldReject: 0,
  consecutiveFailures: 0,
  failureThreshold: 3,
  rates: [],
  retryAt: null,
  openings: 0,
  rampUntil: null,
  heldByOperator: false,
  heldBy: null,
}

const FLEET: ServiceRow = {
  name: 'fleetService',
  critical: true,
  stopped: false,
  status: 'fail',
  circuit: { ...CLOSED, state: 'open', since: ago(192), openings: 3, retryAt: ago(-28) },
  cache: { state: 'stale', freshUntil: null, loading: false },
  health: { healthy: false, at: ago(10) },
  lastFailure: {
    name: 'Error',
    code: 'ECONNREFUSED',
    message: 'connect ECONNREFUSED 10.0.4.17:5432',
    cause: null,
    at: ago(194),
  },
  retryBudget: null,
  queue: null,
  requestsPerSecond: 0.4,
  latency: { count: 81_234, p50Ms: 12.3, p90Ms: 48, p99Ms: 1_240, maxMs: 5_000 },
  counts: {
    totalRequests: 123_456,
    timedOutRequests: 17,
    rejectedRequests: 1_820,
    retries: { success: 0, failure: 0, denied: 0 },
    fallbacks: 240,
    cacheHits: 99_000,
    cacheMisses: 1_000,
    staleServed: 0,
  },
}

const WELL: ServiceRow = {
  ...FLEET,
  name: 'flags',
  critical: false,
  status: 'pass',
  circuit: { ...CLOSED, consecutiveFailures: 2 },
  health: { healthy: true, at: ago(5) },
  lastFailure: null,
  requestsPerSecond: 512.3,
  latency: { count: 9, p50Ms: 0.4, p90Ms: 0.9, p99Ms: 3.2, maxMs: 4 },
  counts: { ...FLEET.counts, timedOutRequests: 0, rejectedRequests: 0, fallbacks: 0 },
}

const NEW: ServiceRow = {
  ...WELL,
  name: 'reports',
  circuit: null,
  health: null,
  requestsPerSecond: null,
  latency: { count: 0, p50Ms: 0, p90Ms: 0, p99Ms: 0, maxMs: 0 },
  counts: { ...WELL.counts, cacheHits: 0, cacheMisses: 0 },
}

const TRIED: ServiceRow = {
  ...WELL,
  name: 'pricing',
  status: 'warn',
  circuit: { ...CLOSED, state: 'half_open', since: ago(2), openings: 1 },
  lastFailure: { name: 'ServiceTimeoutError', code: 'SVCPROXY_TIMEOUT', message: null, cause: null, at: ago(33) },
}

const HELD: ServiceRow = {
  ...WELL,
  name: 'mail',
  status: 'warn',
  circuit: { ...CLOSED, state: 'isolated', since: ago(600), heldByOperator: true },
}

const TRIED_OUT: ServiceRow = {
  ...WELL,
  name: 'search',
  circuit: {
    ...CLOSED,
    state: 'open',
    since: ago(40),
    mode: 'observe',
    wouldReject: 1_204,
    openings: 1,
    retryAt: ago(-20),
  },
}

const RETRIED: ServiceRow = {
  ...WELL,
  name: 'orders',
  retryBudget: { calls: 40, retries: 18, remaining: 0 },
  counts: { ...WELL.counts, retries: { success: 1_100, failure: 104, denied: 17 } },
}

const QUEUED: ServiceRow = {
  ...WELL,
  name: 'geocoder',
  queue: { waiting: 3, max: 50, wait: { count: 120, p50Ms: 12, p90Ms: 30, p99Ms: 40, maxMs: 41 } },
}

const STATE: ProcessState = {
  version: 1,
  at: new Date(NOW).toISOString(),
  instance: { id: 'a1b2c3d4', environment: 'production', startedAt: ago(90_061) },
  readOnly: true,
  status: 'fail',
  stopping: false,
  services: [FLEET, WELL, NEW, TRIED, HELD],
  events: [],
}

function rendered(state: ProcessState, width: number): string {
  return `\n${statusLines(state, NOW, { width, paint: plain }).join('\n')}\n`
}

test('80 columns hold what matters most', () => {
  expect(rendered(STATE, 80)).toMatchInlineSnapshot(`
    "
    FAIL  production · instance a1b2c3d4 · up 1d1h · read-only
    service       state         since  fail  req/s  health   last error
    fleetService  ○ open        3m12s     –    0.4  failed!  3m14s ago ECONNREFUSED…
    flags         ● closed       1d1h   2/3    512  pass     –
    reports       – none            –     –      –  –        –
    pricing       ◐ half-open      2s     –    512  pass     33s ago ServiceTimeout…
    mail          ■ isolated   10m00s     –    512  pass     –
    "
  `)
})

test('140 columns hold every figure', () => {
  expect(rendered(STATE, 140)).toMatchInlineSnapshot(`
    "
    FAIL  production · instance a1b2c3d4 · up 1d1h · read-only
    service       state         since  fail  note          req/s    p50    p90    p99  t/o   rej   fb   hit  health   last error
    fleetService  ○ open        3m12s     –  trial 28s ×3    0.4   12ms   48ms   1.2s   17  1820  240   99%  failed!  3m14s ago ECONNREFUSED: c…
    flags         ● closed       1d1h   2/3  –               512  0.4ms  0.9ms  3.2ms    0     0    0   99%  pass     –
    reports       – none            –     –  –                 –      –      –      –    0     0    0     –  –        –
    pricing       ◐ half-open      2s     –  –               512  0.4ms  0.9ms  3.2ms    0     0    0   99%  pass     33s ago ServiceTimeoutErr…
    mail          ■ isolated   10m00s     –  –               512  0.4ms  0.9ms  3.2ms    0     0    0   99%  pass     –
    "
  `)
})

test('40 columns hold which service is in which state', () => {
  expect(rendered(STATE, 40)).toMatchInlineSnapshot(`
    "
    FAIL  production · instance a1b2c3d4 · …
    service       state        fail  health
    fleetService  ○ open          –  failed!
    flags         ● closed      2/3  pass
    reports       – none          –  –
    pricing       ◐ half-open     –  pass
    mail          ■ isolated      –  pass
    "
  `)
})

test('without a terminal nothing is left out and nothing is cut', () => {
  const services = [FLEET, { ...FLEET, name: 'a'.repeat(100) }]
  expect(rendered({ ...STATE, services }, Infinity)).toContain('a'.repeat(100))
  expect(rendered({ ...STATE, services }, Infinity)).toContain(
    '3m14s ago ECONNREFUSED: connect ECONNREFUSED 10.0.4.17:5432',
  )
})

test('no line is wider than the window', () => {
  const long = { ...FLEET, name: 'a'.repeat(100), lastFailure: { ...FLEET.lastFailure!, message: '接続'.repeat(250) } }
  const state = { ...STATE, services: [...STATE.services, RETRIED, QUEUED, long] }
  for (let width = 21; width <= 200; width++) {
    const widths = statusLines(state, NOW, { width, paint: plain }).map(widthOf)
    expect(Math.max(...widths)).toBeLessThanOrEqual(width)
  }
})

test('the states differ without their colours', () => {
  const states = rendered(STATE, 80).match(/[●◐○■–] (closed|half-open|open|isolated|none)/gu)
  expect(new Set(states).size).toBe(5)
})

test('colours mark the state and how the process does', () => {
  const marked = (style: string, text: string): string => `<${style}>${text.trim()}</${style}>`
  const lines = statusLines(STATE, NOW, { width: 80, paint: marked }).join('\n')
  expect(lines).toContain('<red>FAIL</red>')
  expect(lines).toContain('<red>○ open</red>')
  expect(lines).toContain('<green>● closed</green>')
})

test('a circuit that only observes looks like none that protects, and says what it would have rejected', () => {
  const quiet = { ...TRIED_OUT, name: 'quiet', circuit: { ...CLOSED, mode: 'observe' as const } }
  const held = { ...HELD, circuit: { ...HELD.circuit!, mode: 'observe' as const } }
  expect(rendered({ ...STATE, services: [TRIED_OUT, quiet, held] }, 110)).toMatchInlineSnapshot(`
    "
    FAIL  production · instance a1b2c3d4 · up 1d1h · read-only
    service   state               since  fail  note               req/s    p99  t/o  rej   hit  health  last error
    search    ◌ observing: open     40s     –  would reject 1204    512  3.2ms    0    0   99%  pass    –
    quiet     ◌ observing          1d1h   0/3  would reject 0       512  3.2ms    0    0   99%  pass    –
    mail      ■ isolated         10m00s     –  –                    512  3.2ms    0    0   99%  pass    –
    "
  `)
  const marked = (style: string, text: string): string => `<${style}>${text.trim()}</${style}>`
  const lines = statusLines({ ...STATE, services: [TRIED_OUT] }, NOW, { width: 80, paint: marked }).join('\n')
  expect(lines).toContain('<cyan>◌ observing: open</cyan>')
  expect(rendered({ ...STATE, services: [TRIED_OUT] }, 21)).toContain('◌ obs')
})

test('what is left of a ramp is told', () => {
  const ramping = { ...WELL, circuit: { ...CLOSED, rampUntil: ago(-12) } }
  expect(rendered({ ...STATE, services: [ramping] }, 140)).toMatch(/● closed .* 0\/3 {2}ramp 12s /)
})

test('retries and a queue have columns where a service has any', () => {
  const full = { ...QUEUED, name: 'full', queue: { ...QUEUED.queue!, waiting: 50, wait: NEW.latency } }
  const state = { ...STATE, services: [RETRIED, QUEUED, full, WELL] }
  expect(rendered(state, 160)).toMatchInlineSnapshot(`
    "
    FAIL  production · instance a1b2c3d4 · up 1d1h · read-only
    service   state         since  fail  note  req/s    p50    p90    p99  t/o  rej  retry  denied  queue   wait  fb   hit  health  last error
    orders    ● closed       1d1h   2/3  –       512  0.4ms  0.9ms  3.2ms    0    0   1204      17      –      –   0   99%  pass    –
    geocoder  ● closed       1d1h   2/3  –       512  0.4ms  0.9ms  3.2ms    0    0      –       –   3/50   40ms   0   99%  pass    –
    full      ● closed       1d1h   2/3  –       512  0.4ms  0.9ms  3.2ms    0    0      –       –  50/50      –   0   99%  pass    –
    flags     ● closed       1d1h   2/3  –       512  0.4ms  0.9ms  3.2ms    0    0      –       –      –      –   0   99%  pass    –
    "
  `)
  expect(rendered(state, 80)).toMatchInlineSnapshot(`
    "
    FAIL  production · instance a1b2c3d4 · up 1d1h · read-only
    service   state         since  fail  req/s  denied  queue  health  last error
    orders    ● closed       1d1h   2/3    512      17      –  pass    –
    geocoder  ● closed       1d1h   2/3    512       –   3/50  pass    –
    full      ● closed       1d1h   2/3    512       –  50/50  pass    –
    flags     ● closed       1d1h   2/3    512       –      –  pass    –
    "
  `)
  expect(rendered(state, 40)).toMatchInlineSnapshot(`
    "
    FAIL  production · instance a1b2c3d4 · …
    service   state        fail  health
    orders    ● closed      2/3  pass
    geocoder  ● closed      2/3  pass
    full      ● closed      2/3  pass
    flags     ● closed      2/3  pass
    "
  `)
  expect(rendered({ ...STATE, services: [RETRIED] }, 160)).not.toMatch(/queue|wait/)
  expect(rendered({ ...STATE, services: [QUEUED] }, 160)).not.toMatch(/retry|denied/)
  expect(rendered(STATE, 160)).not.toMatch(/retry|denied|queue|wait/)
})

test('denied retries and a full queue are marked as trouble, and nothing else of them', () => {
  const marked = (style: string, text: string): string => `<${style}>${text.trim()}</${style}>`
  const line = (row: ServiceRow) => statusLines({ ...STATE, services: [row] }, NOW, { width: 160, paint: marked })[2]
  const undenied = { ...RETRIED, counts: { ...RETRIED.counts, retries: { success: 1, failure: 0, denied: 0 } } }
  const queue = { ...QUEUED.queue!, waiting: 50 }
  expect(line(RETRIED)).toContain('<red>17</red>')
  expect(line(undenied)).not.toContain('<red>')
  expect(line({ ...QUEUED, queue })).toContain('<red>50/50</red>')
  expect(line(QUEUED)).not.toContain('<red>')
})

test('a process without services says so', () => {
  expect(rendered({ ...STATE, services: [] }, 80)).toContain('There are no services.')
})

test('the environment, the instance, names and errors cannot control the terminal', () => {
  const evil = '\u001b[2J\u001b]0;owned\u0007\r\n\u202e'
  const state: ProcessState = {
    ...STATE,
    instance: { id: evil, environment: evil, startedAt: evil },
    services: [
      {
        ...FLEET,
        name: evil,
        lastFailure: {
          name: evil,
          code: evil,
          message: evil,
          cause: { name: evil, code: evil, message: evil },
          at: evil,
        },
      },
    ],
  }
  expect(statusLines(state, NOW, { width: 400, paint: plain }).join('')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
})

test('events say when, where and what; those of a later version are left out', () => {
  const at = ago(60)
  const events = [
    { id: 1, at, service: 'flags', type: 'health', healthy: false },
    { id: 2, at, service: 'flags', type: 'invented-later' },
    { id: 3, at, service: null, type: 'audit', action: 'reset-all', actor: 'alice\u001b[2J' },
    { id: 4, at, service: 'flags', type: 'audit', action: 'expire', actor: null },
    { id: 5, at, service: 'flags', type: 'circuit', from: 'half_open', to: 'closed', observed: false },
    { id: 6, at, service: 'flags', type: 'circuit', from: 'closed', to: 'open', observed: true },
    { id: 7, at, service: 'flags', type: 'retry-denied' },
    { id: 8, at, service: 'flags', type: 'circuit', from: 'open', to: 'isolated', observed: true },
    { id: 9, at, service: 'flags', type: 'circuit', from: 'closed', to: 'open', observed: false, cause: 'fleet' },
    { id: 10, at, service: 'flags', type: 'circuit', from: 'open', to: 'closed', observed: false, cause: 'operator' },
    { id: 11, at, service: 'flags', type: 'invalidate', cause: 'fleet' },
    { id: 12, at, service: 'flags', type: 'invalidate', cause: 'process' },
    { id: 13, at, service: 'flags', type: 'audit', action: 'invalidate', scope: 'fleet', actor: 'alice' },
    { id: 14, at, service: 'flags', type: 'audit', action: 'invalidate', scope: 'process', actor: 'alice' },
    'no event',
  ]
  expect(eventLines(events, 20, { width: 80 })).toEqual([
    '03:11:00Z  flags  health check: unhealthy',
    String.raw`03:11:00Z  all services  reset-all by alice\u001b[2J`,
    '03:11:00Z  flags  expire by an operator without a name',
    '03:11:00Z  flags  circuit half-open → closed',
    '03:11:00Z  flags  circuit would go closed → open (only observes)',
    '03:11:00Z  flags  retry budget used up',
    '03:11:00Z  flags  circuit open → isolated',
    '03:11:00Z  flags  circuit closed → open by the fleet',
    '03:11:00Z  flags  circuit open → closed',
    '03:11:00Z  flags  cache invalidated by the fleet',
    '03:11:00Z  flags  cache invalidated',
    '03:11:00Z  flags  invalidate in the whole fleet by alice',
    '03:11:00Z  flags  invalidate by alice',
  ])
  expect(eventLines(events, 1, { width: 20 })).toEqual(['03:11:00Z  flags  i…'])
})
