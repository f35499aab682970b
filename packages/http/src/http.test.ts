import {
  CapacityError,
  CircuitOpenError,
  factoryProvider,
  InvalidOptionError,
  ServiceProxyManager,
  ServiceTimeoutError,
  ServiceUnavailableError,
  StoppedError,
  UnknownServiceError,
} from '@svcproxy/core'
import { ManualClock, plainBreaker } from '@svcproxy/testing'
import { describe, expect, test } from 'vitest'
import { errorResponse, healthEndpoints } from './index.ts'
import type { HttpRequest } from './index.ts'

const secret = new Error('connect ECONNREFUSED 10.0.0.7 password=hunter2')

describe('errorResponse', () => {
  test.for([
    [new ServiceUnavailableError('fleet', 'gone', { cause: secret }), 503, undefined],
    [new CircuitOpenError('fleet', 1_001), 503, '2'],
    [new CircuitOpenError('fleet'), 503, undefined],
    [new CapacityError('fleet', '10 calls are running'), 503, '1'],
    [new StoppedError('fleet'), 503, undefined],
    [new ServiceTimeoutError('fleet', 5_000), 504, undefined],
    [new UnknownServiceError('fleet', []), 500, undefined],
    [new InvalidOptionError('cacheTtlMs', 'a number', secret.message), 500, undefined],
  ] as const)('%s', ([error, status, retryAfter]) => {
    const response = errorResponse(error, { instance: '/vehicles/7' })
    const body: unknown = JSON.parse(response?.body ?? '')
    expect(response?.status).toBe(status)
    expect(response?.headers).toMatchObject({
      'Content-Type': expect.stringMatching(/^application\/problem\+json/),
      'Cache-Control': 'no-store',
    })
    expect(response?.headers['Retry-After']).toBe(retryAfter)
    expect(body).toMatchObject({ status, code: error.code, instance: '/vehicles/7' })
    expect(response?.body).not.toMatch(/fleet|10\.0\.0\.7|hunter2|gone/)
  })

  test('names the service when it may, and leaves all other errors alone', () => {
    const named = errorResponse(new ServiceTimeoutError('fleet', 5_000), { exposeServiceName: true })
    expect(named?.body).toContain('fleet')
    for (const error of [secret, undefined, null, 'text', { status: 503 }]) expect(errorResponse(error)).toBeUndefined()
  })

  test('answers errors of another copy of core, codes of a later one included', () => {
    class OtherError extends Error {
      readonly code = 'SVCPROXY_OF_TOMORROW'
      readonly status = 503
      readonly headers = { 'Retry-After': '3' }
      readonly retryAfterMs = 2_500
    }
    Object.defineProperty(OtherError.prototype, Symbol.for('svcproxy.error'), { value: true })
    const response = errorResponse(new OtherError(secret.message), {
      exposeServiceName: true,
      instance: '/a?token=b#c',
    })
    expect(response).toMatchObject({ status: 503, headers: { 'Retry-After': '3', 'Cache-Control': 'no-store' } })
    expect(JSON.parse(response?.body ?? '')).toEqual({
      type: 'about:blank',
      title: 'Service Unavailable',
      status: 503,
      detail: 'A required service failed.',
      instance: '/a',
      code: 'SVCPROXY_OF_TOMORROW',
      retryAfter: 3,
    })
  })
})

describe('healthEndpoints', () => {
  function setUp() {
    const clock = new ManualClock()
    const state = { healthy: true }
    const manager = new ServiceProxyManager({ breaker: plainBreaker, clock }).add('fleet', {
      provider: factoryProvider('fleet', { create: () => ({ ask: () => 1 }), checkHealth: () => state.healthy }),
      critical: true,
    })
    const answer = healthEndpoints(manager, { authorize: () => true })
    const ask = async (path: string, overrides: Partial<HttpRequest> = {}) => {
      const response = await answer({ method: 'GET', path, headers: {}, original: undefined, ...overrides })
      return response && { ...response, body: JSON.parse(String(response.body)) as unknown }
    }
    return { ask, clock, manager, state }
  }

  test('refuse options that are out of bounds when they are made, not when they are asked', () => {
    const manager = new ServiceProxyManager()
    for (const options of [
      { timeoutMs: 0 },
      { timeoutMs: 1.5 },
      { timeoutMs: 2 ** 31 },
      { timeoutMs: Number.NaN },
      { basePath: 'internal' },
      { basePath: '/internal/' },
      { basePath: '/' },
      { basePath: '/a?b' },
      { authorize: true as never },
    ]) {
      expect(() => healthEndpoints(manager, options)).toThrow(InvalidOptionError)
    }
    for (const basePath of ['', '/internal', '/a/b']) expect(() => healthEndpoints(manager, { basePath })).not.toThrow()
  })

  test('answer their own paths only, for GET and HEAD only', async () => {
    const { ask } = setUp()
    for (const path of ['/', '/livez/', '/LIVEZ', '/x/livez', '/livez?a']) expect(await ask(path)).toBeUndefined()
    expect(await ask('/livez', { method: 'HEAD' })).toMatchObject({ status: 200 })
    expect(await ask('/livez', { method: 'POST' })).toMatchObject({ status: 405, headers: { Allow: 'GET, HEAD' } })
  })

  test('let an open circuit pass, and fail readiness, alone, for a critical service that is unhealthy', async () => {
    const { ask, clock, manager, state } = setUp()
    await manager.services.fleet.ask()
    const isolation = manager.getProxy('fleet').isolateCircuit()
    expect(await ask('/readyz')).toMatchObject({ status: 200, body: { status: 'warn' } })
    isolation[Symbol.dispose]()
    state.healthy = false
    clock.advance(1_000)
    expect(await ask('/readyz')).toMatchObject({ status: 503, body: { status: 'fail' } })
    expect(await ask('/healthz')).toMatchObject({ status: 200, body: { status: 'fail' } })
    expect(await ask('/livez')).toMatchObject({ status: 200, body: { status: 'pass' } })
  })

  test('fail readiness at once when the manager stops', async () => {
    const { ask, manager } = setUp()
    const stop = manager.stop()
    expect(await ask('/readyz')).toMatchObject({ status: 503, body: { status: 'fail' } })
    expect(await ask('/livez')).toMatchObject({ status: 200 })
    await stop
  })
})
