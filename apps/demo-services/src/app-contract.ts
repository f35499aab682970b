import { STATUS_CODES } from 'node:http'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { DemoApp } from './demo-app.ts'
import type { DemoServer } from './demo-server.ts'
import type { DemoWorld } from './demo-world.ts'
import { MAX_BODY_BYTES } from './input.ts'
import { startDemo } from './running-demo.ts'
import type { RunningDemo } from './running-demo.ts'

/** A response as a client sees it. */
interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: unknown
}

interface Running {
  readonly demo: RunningDemo
  readonly world: DemoWorld
  readonly server: DemoServer
  readonly get: (path: string) => Promise<Reply>
  readonly post: (path: string, body: string, headers?: Record<string, string>) => Promise<Reply>
}

/** Short, so that it recovers soon. */
const POLICY = { failureThreshold: 3, recoveryTimeoutMs: 200, successThreshold: 2, timeoutMs: 2_000 }
const SIDES = [
  { side: 'standard', prefix: '/standard' },
  { side: 'proxied', prefix: '' },
]

/** The contract that both applications keep, tested over real sockets with a real PostgreSQL. */
export function appContract(app: DemoApp): void {
  describe(app.framework, () => {
    const running: { current?: Running } = {}
    beforeAll(async () => {
      const demo = await startDemo(app, POLICY)
      running.current = { demo, world: demo.world, server: demo.server, ...client(demo.server.url) }
    }, 60_000)
    afterAll(async () => {
      await running.current?.demo[Symbol.asyncDispose]()
    }, 60_000)
    const current = (): Running => {
      if (running.current === undefined) throw new Error('The application did not start')
      return running.current
    }

    overviewCases(current)
    describe.each(SIDES)('$side', ({ prefix }) => {
      serviceCases(current, prefix)
      commandCases(current, prefix)
      badInputCases(current, prefix)
    })
    outageCases(current) // last: it opens circuits
  })
}

function overviewCases(app: () => Running): void {
  test('the index names the endpoints', async () => {
    const { status, body } = await app().get('/')
    expect(status).toBe(200)
    expect(body).toMatchObject({ entities: '/entities', dashboard: '/ops/services/' })
  })

  test('an operator sees all services, as a page and as JSON', async () => {
    const page = await fetch(`${app().server.url}/ops/services/`)
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect(await page.text()).toContain('<title>')
    const { status, body } = await app().get('/ops/services/api/snapshot')
    expect(status).toBe(200)
    const names = ['featureManager', 'entityService', 'configService', 'securityAuditService']
    expect(body).toMatchObject({
      instance: { environment: 'demo' },
      services: names.map((name) => ({ name, circuit: { state: 'closed' } })),
    })
  })

  test('an operator can act, a page of another origin cannot', async () => {
    const act = (headers: Record<string, string>) =>
      app().post('/ops/services/api/services/configService/cache', '{"action":"invalidate"}', headers)
    expect((await act({ 'X-Svcproxy-Action': '1' })).status).toBe(200)
    expectProblem(await act({}), 403)
    expectProblem(await act({ 'X-Svcproxy-Action': '1', 'Sec-Fetch-Site': 'cross-site' }), 403)
    expect(app().world.context.manager.getProxy('configService').getCounts().invalidations).toBe(1)
  })

  test('Prometheus gets the counts of the proxies', async () => {
    await app().get('/config')
    const response = await fetch(`${app().server.url}/metrics`)
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
    const { cacheHits } = app().world.context.manager.getProxy('configService').getCounts()
    expect(await response.text()).toContain(
      `svcproxy_cache_gets_total{service="configService",result="hit"} ${cacheHits}\n`,
    )
  })

  test.each(['/livez', '/readyz', '/healthz'])('%s passes', async (path) => {
    const { status, body } = await app().get(path)
    expect(status).toBe(200)
    expect(body).toMatchObject({ status: 'pass' })
  })

  test.each(['/nothing', '/entities/veh-001/nothing', '/standard', '/standard/nothing', '/__proto__'])(
    'unknown: %s',
    async (path) => expectProblem(await app().get(path), 404),
  )
}

function serviceCases(app: () => Running, prefix: string): void {
  test('all vehicles', async () => {
    const { status, body } = await app().get(`${prefix}/entities`)
    expect(status).toBe(200)
    expect(body).toMatchObject({ source: 'database', entities: { length: 12, 0: { id: 'veh-001', model: 'truck' } } })
    expect(body).toHaveProperty('entities.11.id', 'veh-012')
  })

  test('one vehicle', async () => {
    const { status, body } = await app().get(`${prefix}/entities/veh-002`)
    expect(status).toBe(200)
    expect(body).toMatchObject({ id: 'veh-002', name: 'Vehicle 2', speedKmh: 34, batteryPercent: 86 })
  })

  test('a feature', async () => {
    const { body } = await app().get(`${prefix}/features/live_map`)
    expect(body).toEqual({ name: 'live_map', enabled: true, source: 'file' })
  })

  test('the configuration', async () => {
    const { body } = await app().get(`${prefix}/config`)
    expect(body).toMatchObject({ limits: { maxSpeedKmh: 130 } })
  })

  test.each(['/entities/veh-999', '/features/no_such_feature'])('%s is not found', async (path) => {
    expectProblem(await app().get(`${prefix}${path}`), 404)
  })
}

function commandCases(app: () => Running, prefix: string): void {
  test('a command is carried out and recorded', async () => {
    const actor = `tester@${prefix.length}`
    const command = '{"type":"limit_speed","speedKmh":80}'
    const { status, body } = await app().post(`${prefix}/entities/veh-003/commands`, command, { 'X-Actor': actor })
    expect(status).toBe(202)
    expect(body).toMatchObject({ entity: { id: 'veh-003', speedLimitKmh: 80 } })
    expect(body).toHaveProperty('auditId')
    expect(await app().demo.auditEntriesOf(actor)).toEqual([
      { action: 'limit_speed', entity_id: 'veh-003', details: { speedKmh: 80 } },
    ])
  })

  test('a command to a vehicle that does not exist is recorded, too', async () => {
    const actor = `nobody@${prefix.length}`
    const reply = await app().post(`${prefix}/entities/veh-999/commands`, '{"type":"unlock"}', { 'X-Actor': actor })
    expectProblem(reply, 404)
    expect(await app().demo.auditEntriesOf(actor)).toEqual([{ action: 'unlock', entity_id: 'veh-999', details: {} }])
  })
}

function badInputCases(app: () => Running, prefix: string): void {
  const LONG = 'a'.repeat(10_000)
  test.each(['VEH-001', 'veh_001', 'a'.repeat(33), LONG, '-', '%00', '%E0%A4%A', "'%20or%201=1--", '..%2f..%2fetc'])(
    'malformed id %.40s',
    async (id) => expectProblem(await app().get(`${prefix}/entities/${id}`), 400),
  )

  test.each(['Live', '__proto__', '%00', LONG])('malformed feature name %.40s', async (name) => {
    expectProblem(await app().get(`${prefix}/features/${name}`), 400)
  })

  test.each([
    ['no JSON', '{"type":'],
    ['no body', ''],
    ['null', 'null'],
    ['an array', '[]'],
    ['a string', '"lock"'],
    ['no type', '{}'],
    ['an unknown type', '{"type":"explode"}'],
    ['a type of the wrong type', '{"type":{"toString":1}}'],
    ['a prototype', '{"__proto__":{"type":"lock"}}'],
    ['no speed', '{"type":"limit_speed"}'],
    ['a speed too high', '{"type":"limit_speed","speedKmh":131}'],
    ['a speed that is no integer', '{"type":"limit_speed","speedKmh":10.5}'],
    ['a speed that is no number', '{"type":"limit_speed","speedKmh":"50; drop table vehicles"}'],
  ])('a command that is %s', async (_, body) => {
    expectProblem(await app().post(`${prefix}/entities/veh-001/commands`, body), 400)
  })

  test('a command that is no JSON by its type', async () => {
    const headers = { 'Content-Type': 'text/plain' }
    expectProblem(await app().post(`${prefix}/entities/veh-001/commands`, '{"type":"lock"}', headers), 400)
  })

  test('a command by an actor with an invalid name', async () => {
    const headers = { 'X-Actor': 'a b<script>' }
    expectProblem(await app().post(`${prefix}/entities/veh-001/commands`, '{"type":"lock"}', headers), 400)
  })

  test('a command as long as a body may be, and one byte more', async () => {
    const fitting = JSON.stringify({ type: 'lock', padding: '' })
    const body = fitting.replace('""', `"${'x'.repeat(MAX_BODY_BYTES - fitting.length)}"`)
    expect((await app().post(`${prefix}/entities/veh-001/commands`, body)).status).toBe(202)
    expectProblem(await app().post(`${prefix}/entities/veh-001/commands`, `${body} `), 413)
  })
}

function outageCases(app: () => Running): void {
  test('while the database is down', { timeout: 30_000 }, async () => {
    const { world, get, post } = app()
    await get('/entities')
    await world.embedded?.kill()

    expectProblem(await get('/standard/entities/veh-001'), 500)
    for (let count = 0; count < POLICY.failureThreshold; count++) await get('/entities/veh-001')
    const refused = await get('/entities/veh-001')
    expectProblem(refused, 503)
    expect(refused.headers.get('retry-after')).toBe('1')
    const { status, body } = await get('/entities')
    expect(status).toBe(200)
    expect(body).toMatchObject({ source: 'last known', entities: { length: 12 } })
    const commanded = await post('/entities/veh-001/commands', '{"type":"unlock"}')
    expectProblem(commanded, commanded.status)
    expect(commanded.status).toBeGreaterThanOrEqual(500)
    expect((await get('/features/live_map')).status).toBe(200)
    for (const path of ['/livez', '/readyz']) {
      for (const method of ['GET', 'HEAD']) {
        const probed = await fetch(`${app().server.url}${path}`, { method })
        expect([method, path, probed.status, probed.headers.get('cache-control')]).toEqual([
          method,
          path,
          200,
          'no-store',
        ])
      }
    }

    await world.embedded?.start()
    await vi.waitFor(async () => expect((await get('/entities/veh-001')).status).toBe(200), 10_000)
    expect((await get('/standard/entities/veh-001')).status).toBe(200)
  })
}

/** A problem with the expected status that reveals nothing internal. */
function expectProblem({ status, headers, body, text }: Reply, expected: number): void {
  expect({ status, text }).toMatchObject({ status: expected })
  expect(headers.get('content-type')).toMatch(/^application\/problem\+json\b/)
  expect(body).toMatchObject({ type: 'about:blank', status: expected, title: STATUS_CODES[expected] })
  expect(body).toHaveProperty('detail')
  expect(text).not.toMatch(/\bat .+:\d+|node_modules|ECONN|127\.0\.0\.1|select |password/i)
}

function client(baseUrl: string): Pick<Running, 'get' | 'post'> {
  const request = async (path: string, init?: RequestInit): Promise<Reply> => {
    const { status, headers, ...response } = await fetch(`${baseUrl}${path}`, init).then(async (received) => {
      return { status: received.status, headers: received.headers, text: await received.text() }
    })
    const body: unknown = response.text === '' ? undefined : JSON.parse(response.text)
    return { status, headers, text: response.text, body }
  }
  return {
    get: (path) => request(path),
    post: (path, body, headers) => {
      return request(path, { method: 'POST', body, headers: { 'Content-Type': 'application/json', ...headers } })
    },
  }
}
