import { factoryProvider, InvalidOptionError, ServiceProxyManager } from '@svcproxy/core'
import { fails, faultyService, ManualClock, plainBreaker } from '@svcproxy/testing'
import { describe, expect, test } from 'vitest'
import { accessGate, type HttpRequest, managementEndpoints } from '../index.ts'
import { accessGateBy } from './access-gate.ts'
import type { AuditEvent, ManagementOptions } from './options.ts'
import type { ServiceDetail, Snapshot } from './snapshot.ts'

const SECRET = 'password=hunter2 at 10.0.0.7'

function setUp(options: Partial<ManagementOptions> = {}) {
  const clock = new ManualClock()
  const faulty = faultyService({ clock })
  const audited: AuditEvent[] = []
  const provider = factoryProvider('fleet', { create: () => ({ ask: () => faulty.call() }) })
  const manager = new ServiceProxyManager({ breaker: plainBreaker, clock })
    .add('fleet', { provider })
    .add('flags', { provider, circuit: false })
  const onAudit = (event: AuditEvent) => audited.push(event)
  const endpoint = managementEndpoints(manager, { authorize: () => true, readOnly: false, onAudit, ...options })
  const ask = async (path: string, more: Partial<HttpRequest> = {}) => {
    const response = await endpoint({ method: 'GET', path: `/api/${path}`, headers: {}, original: undefined, ...more })
    if (response === undefined) throw new Error(`${path} was not answered`)
    return { ...response, body: String(response.body) }
  }
  const failWith = async (error: unknown) => {
    faulty.behave(fails(error))
    await manager.services.fleet.ask().catch(() => {})
    clock.advance(2_000)
    const { lastFailure } = JSON.parse((await ask('services/fleet')).body) as ServiceDetail
    return lastFailure
  }
  return { ask, audited, clock, endpoint, failWith, faulty, manager }
}

const ACTION = { 'x-svcproxy-action': '1', 'content-type': 'application/json' }
const INVALIDATE = 'services/fleet/cache'

/** A POST that is done, but for what is given. */
function post(more: Partial<HttpRequest> = {}, body = '{"action":"invalidate"}'): Partial<HttpRequest> {
  return { method: 'POST', headers: ACTION, readBody: async () => body, ...more }
}

const withHeaders = (headers: HttpRequest['headers']) => post({ headers: { ...ACTION, ...headers } })

describe('construction', () => {
  const manager = new ServiceProxyManager()

  test('refuses to be made without authorize, and says that there is no default', () => {
    // @ts-expect-error -- authorize is required
    expect(() => managementEndpoints(manager, {})).toThrow(/authorize .*there is no default/)
    // @ts-expect-error -- authorize is required
    expect(() => accessGate({})).toThrow(/authorize .*there is no default/)
    // @ts-expect-error -- options are required
    expect(() => managementEndpoints(manager)).toThrow(InvalidOptionError)
    for (const authorize of [true, 'everybody', null, {}]) {
      expect(() => managementEndpoints(manager, { authorize: authorize as never })).toThrow(InvalidOptionError)
    }
  })

  test.for<[string, unknown]>([
    ['readonly', false],
    ['readOnly', 'false'],
    ['readOnly', 0],
    ['readOnly', null],
    ['basePath', 'ops'],
    ['basePath', '/ops/'],
    ['basePath', '/'],
    ['basePath', ['/ops']],
    ['authorizeTimeoutMs', 0],
    ['authorizeTimeoutMs', 1.5],
    ['authorizeTimeoutMs', 2 ** 31],
    ['authorizeTimeoutMs', '5000'],
    ['environment', ''],
    ['environment', 7],
    ['instanceId', 'x'.repeat(101)],
    ['redact', 'all'],
    ['onAudit', {}],
    ['trustedOrigins', 'https://ops.example.com'],
    ['trustedOrigins', ['ops.example.com']],
    ['trustedOrigins', ['https://ops.example.com/']],
    ['trustedOrigins', ['*']],
    ['trustedOrigins', ['null']],
    ['trustedOrigins', [7]],
    ['challenge', ''],
    ['challenge', 'Basic\r\nX-Injected: 1'],
    ['challenge', 7],
  ])('refuses %s: %j', ([name, value]) => {
    const options = { authorize: () => true, [name]: value }
    expect(() => managementEndpoints(manager, options)).toThrow(InvalidOptionError)
    expect(() => managementEndpoints(manager, options)).toThrow(name)
  })

  test('takes every option there is', () => {
    expect(() =>
      managementEndpoints(manager, {
        authorize: () => true,
        authorizeTimeoutMs: 1,
        readOnly: false,
        basePath: '/ops/services',
        environment: 'production',
        instanceId: 'web-1',
        redact: () => undefined,
        onAudit: () => {},
        trustedOrigins: ['https://ops.example.com', 'http://localhost:8080'],
        challenge: 'Basic realm="ops"',
      } satisfies Required<ManagementOptions>),
    ).not.toThrow()
  })
})

describe('access', () => {
  const refusals: readonly [string, ManagementOptions['authorize'], number][] = [
    ['says no', () => false, 403],
    ['says no later', async () => false, 403],
    ['says that it is not known whose it is', () => 'unauthenticated', 401],
    [
      'throws',
      () => {
        throw new Error(SECRET)
      },
      403,
    ],
    ['rejects', async () => Promise.reject(new Error(SECRET)), 403],
    ['returns nothing', () => undefined as never, 403],
    ['returns something true', () => 1 as never, 403],
    ['returns another text', () => 'true' as never, 403],
    ['returns an object without actor', () => ({}) as never, 403],
    ['returns an actor without a name', () => ({ actor: '' }), 403],
    ['returns an actor that is no text', () => ({ actor: true }) as never, 403],
    [
      'returns an actor that throws',
      () => ({
        get actor(): string {
          throw new Error(SECRET)
        },
      }),
      403,
    ],
  ]

  test.for(refusals)(
    'is refused when authorize %s, for everything there is and is not',
    async ([, authorize, status]) => {
      const { ask, audited, clock, manager } = setUp({ authorize })
      for (const path of ['snapshot', 'events', 'services/fleet', 'services/nobody', 'nothing', INVALIDATE]) {
        for (const more of [{}, { method: 'HEAD' }, post()]) {
          const response = await ask(path, more)
          expect(response.status).toBe(status)
          expect(response.headers['WWW-Authenticate']).toBe(status === 401 ? 'Bearer' : undefined)
          expect(response.body).not.toMatch(/fleet|hunter2/)
        }
      }
      expect(manager.getProxy('fleet').getCounts().invalidations).toBe(0)
      await clock.settle()
      expect(audited).toMatchObject([{ action: 'invalidate', service: 'fleet', actor: null, allowed: false }])
    },
  )

  test('is refused with 503 when authorize takes too long, whatever it says in the end', async () => {
    const { ask, audited, clock, manager } = setUp({
      authorize: () =>
        new Promise((resolve) => {
          clock.setTimer(() => resolve(true), 1_001)
        }),
      authorizeTimeoutMs: 1_000,
    })
    const answers = Promise.all([ask('snapshot'), ask(INVALIDATE, post())])
    await clock.advanceAsync(1_000)
    expect((await answers).map(({ status }) => status)).toEqual([503, 503])
    await clock.advanceAsync(1_000)
    expect(manager.getProxy('fleet').getCounts().invalidations).toBe(0)
    expect(audited).toMatchObject([{ allowed: false }])
  })

  test('leaves no timer behind when authorize answers in time', async () => {
    const clock = new ManualClock()
    const gate = accessGateBy({ authorize: () => true }, clock)
    expect(await gate(undefined, 'read')).toEqual({ allowed: true, actor: null })
    expect(clock.pendingTimers).toBe(0)
  })

  test('is decided for reading and for acting apart, by the framework’s own request', async () => {
    const asked: unknown[] = []
    const original = { user: 'alice' }
    const { ask } = setUp({
      authorize: (request, access) => {
        asked.push([request, access])
        return access === 'read'
      },
    })
    expect(await ask('snapshot', { original })).toMatchObject({ status: 200 })
    expect(await ask(INVALIDATE, post({ original }))).toMatchObject({ status: 403 })
    expect(asked).toEqual([
      [original, 'read'],
      [original, 'write'],
    ])
  })

  test('challenges as the application says', async () => {
    const challenge = 'Basic realm="ops"'
    const { ask } = setUp({ authorize: () => 'unauthenticated', challenge })
    expect(await ask('snapshot')).toMatchObject({ status: 401, headers: { 'WWW-Authenticate': challenge } })
  })

  test('is given to pages, too, by the same gate', async () => {
    const gate = accessGate<string>({ authorize: (request) => (request === 'alice' ? { actor: request } : false) })
    expect(await gate('alice', 'read')).toEqual({ allowed: true, actor: 'alice' })
    expect(await gate('mallory', 'read')).toMatchObject({ allowed: false, response: { status: 403 } })
  })
})

describe('read-only, which is the default', () => {
  test('refuses every action with 405, and tells the application', async () => {
    const { ask, audited, clock, manager } = setUp({
      authorize: () => ({ actor: 'alice' }),
      readOnly: undefined as never,
    })
    const isolation = post({}, '{"action":"isolate"}')
    for (const [path, request] of [
      [INVALIDATE, post()],
      ['services/fleet/circuit', isolation],
      ['services/fleet/health-check', post({}, '{}')],
      ['cache/invalidate-all', post({}, '{}')],
      ['circuits/reset-all', post({}, '{}')],
      ['services/nobody/circuit', isolation],
    ] as const) {
      expect(await ask(path, request)).toMatchObject({ status: 405, headers: { Allow: '' } })
    }
    await clock.settle()
    expect(manager.getProxy('fleet')).toMatchObject({ circuitState: 'closed' })
    expect(audited.map(({ action, service, actor, allowed }) => [action, service, actor, allowed])).toEqual([
      ['invalidate', 'fleet', 'alice', false],
      ['isolate', 'fleet', 'alice', false],
      ['health-check', 'fleet', 'alice', false],
      ['invalidate-all', null, 'alice', false],
      ['reset-all', null, 'alice', false],
    ])
    const { readOnly, events } = JSON.parse((await ask('snapshot')).body) as Snapshot
    expect(readOnly).toBe(true)
    expect(events).toEqual([])
  })

  test('answers without waiting for a body that never ends', async () => {
    const { ask } = setUp({ readOnly: true })
    const endless = post({ readBody: () => new Promise(() => {}) })
    expect(await ask(INVALIDATE, endless)).toMatchObject({ status: 405 })
  })
})

describe('an action', () => {
  const own = { host: 'ops.example.com' }

  test.for<[string, HttpRequest['headers']]>([
    ['a page of this host', { ...own, origin: 'https://ops.example.com', 'sec-fetch-site': 'same-origin' }],
    ['an older browser', { ...own, origin: 'https://ops.example.com' }],
    ['an older browser, the port said', { host: 'ops.example.com:443', origin: 'https://ops.example.com' }],
    ['a command line', own],
    ['a trusted page', { ...own, origin: 'https://trusted.example.com' }],
    ['a trusted page', { ...own, origin: 'https://trusted.example.com', 'sec-fetch-site': 'cross-site' }],
  ])('is taken from %s: %j', async ([, headers]) => {
    const { ask } = setUp({ trustedOrigins: ['https://trusted.example.com'] })
    expect(await ask(INVALIDATE, withHeaders(headers))).toMatchObject({ status: 200 })
  })

  test.for<HttpRequest['headers']>([
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': '' },
    { 'sec-fetch-site': 'same-origin, same-origin' },
    { 'sec-fetch-site': ['same-origin', 'same-origin'] },
    { 'sec-fetch-site': 'cross-site', origin: 'https://ops.example.com' },
    { origin: 'https://evil.example.com' },
    { origin: 'https://ops.example.com.evil.com' },
    { origin: 'https://ops.example.com:8443' },
    { origin: 'https://ops.example.com@evil.com' },
    { origin: 'null' },
    { origin: '' },
    { origin: 'file://' },
    { origin: 'ops.example.com' },
    { origin: ['https://ops.example.com', 'https://evil.example.com'] },
    { origin: ['https://trusted.example.com'] },
    { origin: 'https://ops.example.com, https://evil.example.com' },
    { origin: 'https://ops.example.com', host: undefined },
    { origin: 'https://ops.example.com', host: ['ops.example.com'] },
    { origin: 'https://trusted.example.com.evil.com', 'sec-fetch-site': 'cross-site' },
    { 'x-svcproxy-action': undefined },
    { 'x-svcproxy-action': '' },
    { 'x-svcproxy-action': 'true' },
    { 'x-svcproxy-action': '1, 1' },
    { 'x-svcproxy-action': ['1', '1'] },
    { 'x-svcproxy-action': undefined, 'sec-fetch-site': 'same-origin', origin: 'https://ops.example.com' },
  ])('is refused before anybody is asked, and told of: %j', async (headers) => {
    let asked = 0
    const { ask, audited, clock, manager } = setUp({
      authorize: () => ++asked > 0,
      trustedOrigins: ['https://trusted.example.com'],
    })
    expect(await ask(INVALIDATE, withHeaders({ ...own, ...headers }))).toMatchObject({ status: 403 })
    expect(asked).toBe(0)
    expect(manager.getProxy('fleet').getCounts().invalidations).toBe(0)
    await clock.settle()
    expect(audited).toMatchObject([{ action: 'invalidate', service: 'fleet', actor: null, allowed: false }])
  })

  test.for<HttpRequest['headers']>([
    { 'content-type': undefined },
    { 'content-type': 'text/plain' },
    { 'content-type': 'application/x-www-form-urlencoded' },
    { 'content-type': 'application/jsonp' },
    { 'content-type': 'text/plain; application/json' },
    { 'content-type': ['application/json', 'application/json'] },
    { 'content-encoding': 'gzip' },
    { 'content-encoding': 'identity, gzip' },
    { 'content-encoding': ['identity'] },
  ])('is answered with 415 for %j', async (headers) => {
    const { ask } = setUp()
    expect(await ask(INVALIDATE, withHeaders(headers))).toMatchObject({ status: 415 })
  })

  test.for<HttpRequest['headers']>([
    { 'content-type': 'application/json; charset=utf-8' },
    { 'content-type': 'Application/JSON' },
    { 'content-encoding': 'identity' },
  ])('is done for %j', async (headers) => {
    const { ask } = setUp()
    expect(await ask(INVALIDATE, withHeaders(headers))).toMatchObject({ status: 200 })
  })

  test.for([
    '',
    '{',
    'null',
    '[]',
    '"invalidate"',
    '7',
    '{}',
    '{"action":null}',
    '{"action":["invalidate"]}',
    '{"action":"isolate"}',
    '{"action":"invalidate-all"}',
    '{"action":"toString"}',
    '{"action":"invalidate","service":"flags"}',
    '{"action":"invalidate","__proto__":{}}',
    '{"__proto__":{"action":"invalidate"}}',
    '{"constructor":"invalidate"}',
    '\u{feff}{"action":"invalidate"}',
  ])('is answered with 422 for the body %j', async (body) => {
    const { ask, audited, manager } = setUp()
    expect(await ask(INVALIDATE, post({}, body))).toMatchObject({ status: 422 })
    expect(manager.getProxy('fleet').getCounts().invalidations).toBe(0)
    expect(audited).toEqual([])
  })

  test('whose path says it all has an empty object for a body', async () => {
    const { ask } = setUp()
    for (const path of ['services/fleet/health-check', 'cache/invalidate-all', 'circuits/reset-all']) {
      expect(await ask(path, post({}, '{"action":"reset-all"}'))).toMatchObject({ status: 422 })
      expect(await ask(path, post({}, ''))).toMatchObject({ status: 422 })
      expect(await ask(path, post({}, '{}'))).toMatchObject({ status: 200 })
    }
  })

  test('has no body where a binding reads none', async () => {
    const { ask } = setUp()
    expect(await ask(INVALIDATE, { method: 'POST', headers: ACTION })).toMatchObject({ status: 422 })
  })

  test('is answered with 413 for more than 8 kB, and with 400 for a body that breaks off', async () => {
    const { ask } = setUp()
    const limits: number[] = []
    const long = async (maxBytes: number) => void limits.push(maxBytes)
    expect(await ask(INVALIDATE, post({ readBody: long }))).toMatchObject({ status: 413 })
    expect(limits).toEqual([8_192])
    const broken = async () => Promise.reject(new Error(SECRET))
    const response = await ask(INVALIDATE, post({ readBody: broken }))
    expect(response.status).toBe(400)
    expect(response.body).not.toContain('hunter2')
  })

  test('on a circuit is answered with 422 when the service has none, and is not told as done', async () => {
    const { ask, audited } = setUp()
    for (const action of ['reset', 'isolate', 'release']) {
      expect(await ask('services/flags/circuit', post({}, JSON.stringify({ action })))).toMatchObject({ status: 422 })
    }
    expect(audited).toEqual([])
  })

  test('is judged in order: its origin, who it is, the service, the type, the length, the content', async () => {
    const who = { allowed: false }
    const { ask } = setUp({ authorize: () => who.allowed })
    const wrong = {
      method: 'POST',
      headers: { 'sec-fetch-site': 'cross-site' } as Record<string, string>,
      readBody: async (): Promise<string | undefined> => undefined,
    }
    const status = async (path: string) => (await ask(path, wrong)).status
    expect(await status('services/nobody/cache')).toBe(403)
    wrong.headers = { 'x-svcproxy-action': '1' }
    expect(await status('services/nobody/cache')).toBe(403)
    who.allowed = true
    expect(await status('services/nobody/cache')).toBe(404)
    expect(await status(INVALIDATE)).toBe(415)
    wrong.headers = ACTION
    expect(await status(INVALIDATE)).toBe(413)
    wrong.readBody = async () => '{}'
    expect(await status(INVALIDATE)).toBe(422)
  })
})

describe('paths', () => {
  test('outside of api/ are left to others', () => {
    const { endpoint } = setUp({ basePath: '/ops' })
    for (const path of ['/', '/ops', '/ops/', '/ops/api', '/api/snapshot', '/ops/apis/snapshot', '/OPS/api/snapshot']) {
      expect(endpoint({ method: 'GET', path, headers: {}, original: undefined })).toBeUndefined()
    }
    expect(endpoint({ method: 'GET', path: '/ops/api/snapshot', headers: {}, original: undefined })).toBeDefined()
  })

  test.for([
    '',
    'snapshot/',
    'Snapshot',
    'snapshot?x',
    '/snapshot',
    '../api/snapshot',
    'services',
    'services/',
    'services//cache',
    'services/fleet/',
    'services/fleet/cache/',
    'services/fleet/cache/x',
    'services/fleet/constructor',
    'services/fleet/__proto__',
    'constructor',
    '__proto__',
    'cache/reset-all',
    'http://example.com/',
  ])('below it that lead nowhere are answered with 404: %j', async (path) => {
    const { ask } = setUp()
    expect(await ask(path)).toMatchObject({ status: 404 })
    expect(await ask(path, post())).toMatchObject({ status: 404 })
  })

  test.for<[string, string]>([
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['toString', 'toString'],
    ['hasOwnProperty', 'hasOwnProperty'],
    ['dots', '%2e%2e'],
    ['dots as they are', '..'],
    ['an encoded slash', '%2f'],
    ['a slash within', 'fleet%2fcache'],
    ['a path upwards', 'fleet%2f..%2fflags'],
    ['NUL', '%00'],
    ['NUL at the end', 'fleet%00'],
    ['a malformed escape', '%'],
    ['another', '%zz'],
    ['an unfinished character', '%e0%a4'],
    ['a name escaped twice', '%2566leet'],
    ['markup', '%3Cscript%3Ealert(1)%3C%2Fscript%3E'],
    ['10 000 characters', 'x'.repeat(10_000)],
    ['10 000 escapes', '%66'.repeat(10_000)],
  ])('with a name that no service has are answered with 404, and do not say it again: %s', async ([, name]) => {
    const { ask, audited } = setUp()
    const answers = [await ask(`services/${name}`)]
    for (const subject of ['cache', 'circuit', 'health-check']) {
      answers.push(await ask(`services/${name}/${subject}`, post()))
    }
    const [{ body }] = answers as [(typeof answers)[0]]
    for (const answer of answers) expect(answer).toMatchObject({ status: 404, body })
    expect(body).toBe('{"type":"about:blank","title":"Not Found","status":404,"detail":"No such service."}')
    expect(audited).toEqual([])
  })

  test('may escape a name that a service has', async () => {
    const { ask } = setUp()
    expect(await ask('services/%66leet')).toMatchObject({ status: 200 })
  })

  test('take the methods they allow, and no other', async () => {
    const { ask, manager } = setUp()
    for (const path of ['snapshot', 'events', 'services/fleet']) {
      expect(await ask(path, { method: 'HEAD' })).toMatchObject({ status: 200 })
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'QUERY']) {
        expect(await ask(path, post({ method }))).toMatchObject({ status: 405, headers: { Allow: 'GET, HEAD' } })
      }
    }
    for (const path of [INVALIDATE, 'services/fleet/circuit', 'services/fleet/health-check', 'cache/invalidate-all']) {
      for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
        expect(await ask(path, post({ method }))).toMatchObject({ status: 405, headers: { Allow: 'POST' } })
      }
    }
    expect(manager.getProxy('fleet').getCounts().invalidations).toBe(0)
  })
})

describe('answers', () => {
  test('are never cached, sniffed, framed or run, whatever they say', async () => {
    const { ask, clock } = setUp()
    const { ETag: etag } = (await ask('snapshot')).headers
    clock.advance(300)
    for (const [path, more, status, type] of [
      ['snapshot', {}, 200, 'application/json'],
      ['snapshot', { headers: { 'if-none-match': etag } }, 304, undefined],
      ['events', {}, 200, 'application/json'],
      ['services/fleet', {}, 200, 'application/json'],
      [INVALIDATE, post(), 200, 'application/json'],
      ['nothing', {}, 404, 'application/problem+json'],
      [INVALIDATE, {}, 405, 'application/problem+json'],
      [INVALIDATE, post({ headers: {} }), 403, 'application/problem+json'],
      [INVALIDATE, post({}, ''), 422, 'application/problem+json'],
    ] as const) {
      const response = await ask(path, more)
      expect(response.status).toBe(status)
      expect(response.headers).toMatchObject({
        'Cache-Control': 'no-store',
        'X-Content-Type-Options': 'nosniff',
        'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
      })
      expect(response.headers['Content-Type']).toBe(type)
    }
  })

  test('do not reject, nor say why, when the application’s own clock breaks', async () => {
    const { ask, clock } = setUp()
    clock.wallNow = () => {
      throw new Error(SECRET)
    }
    const response = await ask('snapshot')
    expect(response).toMatchObject({ status: 500 })
    expect(response.body).not.toContain('hunter2')
  })
})

describe('errors of services', () => {
  /** Every way in which a secret can be in an error. */
  const secretive = Object.assign(new Error(SECRET, { cause: new Error(SECRET) }), {
    code: SECRET,
    name: SECRET,
    host: SECRET,
    config: { headers: { authorization: SECRET } },
    toJSON: () => SECRET,
  })

  test.for<[string, unknown]>([
    ['an error', new Error(SECRET)],
    ['an error full of them', secretive],
    ['an aggregate', new AggregateError([new Error(SECRET)], SECRET)],
    ['a text', SECRET],
    ['an object', { message: SECRET, name: SECRET, code: SECRET, stack: SECRET }],
    ['a long code', Object.assign(new Error(SECRET), { code: SECRET.repeat(100) })],
    ['nothing', undefined],
    [
      'what throws when it is looked at',
      new Proxy(new Error(SECRET), {
        get() {
          throw new Error(SECRET)
        },
        has() {
          throw new Error(SECRET)
        },
      }),
    ],
  ])('show neither message, stack, host nor credential: %s', async ([, error]) => {
    const { ask, failWith } = setUp()
    expect(await failWith(error)).toMatchObject({ message: null, at: '2026-01-01T00:00:00.000Z' })
    for (const path of ['snapshot', 'services/fleet', 'events']) {
      const { body } = await ask(path)
      expect(body).not.toMatch(/hunter2|10\.0\.0\.7|node_modules|\.test\.ts|\bat .*:\d+/)
    }
  })

  test('show the class and the code, which are words', async () => {
    const { failWith } = setUp()
    class PoolError extends Error {
      override readonly name = 'PoolError'
      readonly code = 'ECONNREFUSED'
    }
    expect(await failWith(new PoolError(SECRET))).toMatchObject({ name: 'PoolError', code: 'ECONNREFUSED' })
    expect(await failWith(Object.assign(new Error(SECRET), { code: 14 }))).toMatchObject({ name: 'Error', code: '14' })
    expect(await failWith('text')).toMatchObject({ name: 'string', code: null })
    const long = Object.assign(new Error(SECRET), { name: 'N'.repeat(200), code: 'C'.repeat(200) })
    expect(await failWith(long)).toMatchObject({ name: 'N'.repeat(100), code: 'C'.repeat(100) })
  })

  test('show the cause as they show the error: its class and code, its message if redact lets it be seen', async () => {
    const cause = Object.assign(new TypeError(SECRET), { code: 'ECONNREFUSED' })
    const { failWith } = setUp()
    expect(await failWith(new Error(SECRET, { cause }))).toMatchObject({
      cause: { name: 'TypeError', code: 'ECONNREFUSED', message: null },
    })
    expect(await failWith(new Error(SECRET, { cause: SECRET }))).toMatchObject({ cause: null })
    const shown = setUp({ redact: (error) => (error === cause ? 'refused' : undefined) })
    expect(await shown.failWith(new Error(SECRET, { cause }))).toMatchObject({
      message: null,
      cause: { message: 'refused' },
    })
  })

  test('show the messages of this library, and what redact made of others, once for each error', async () => {
    const seen: unknown[] = []
    const { ask, clock, failWith, faulty, manager } = setUp({
      redact: (error, service) => {
        seen.push([error, service])
        return error instanceof Error ? error.message.replaceAll(/hunter2|10\.0\.0\.7/g, '…') : undefined
      },
    })
    const error = new Error(SECRET)
    expect(await failWith(error)).toMatchObject({ message: 'password=… at …' })
    clock.advance(2_000)
    await ask('snapshot')
    expect(seen).toEqual([[error, 'fleet']])
    expect(await failWith(new Error('x'.repeat(1_000)))).toMatchObject({ message: 'x'.repeat(500) })
    expect(await failWith('text')).toMatchObject({ message: null })
    faulty.behave(() => new Promise(() => {}))
    const late = manager.services.fleet.ask().catch(() => {})
    await clock.advanceAsync(5_000)
    await late
    expect(JSON.parse((await ask('services/fleet')).body)).toMatchObject({
      lastFailure: {
        name: 'ServiceTimeoutError',
        code: 'SVCPROXY_TIMEOUT',
        message: "Service 'fleet' did not answer within 5000 ms",
      },
    })
    expect(seen).toHaveLength(3)
  })

  test('withhold a message that redact throws on, or makes into something else', async () => {
    for (const redact of [
      () => {
        throw new Error(SECRET)
      },
      () => ({ secret: SECRET }) as never,
      () => null as never,
    ]) {
      const { ask, failWith } = setUp({ redact })
      expect(await failWith(new Error(SECRET))).toMatchObject({ name: 'Error', message: null })
      expect((await ask('snapshot')).body).not.toContain('hunter2')
    }
  })
})
