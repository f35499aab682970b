import { nativeBreaker } from '@svcproxy/breaker-native'
import { createServiceProxy, factoryProvider } from '@svcproxy/core'
import { Agent, interceptors, Pool, request, type Dispatcher } from 'undici'
import { describe, expect, onTestFinished, test } from 'vitest'
import { clientContract } from './client-contract.ts'
import { httpUpstream, sendJson } from './upstream.ts'

const upstream = () => httpUpstream((_request, response) => sendJson(response, { id: 'v1' }))

clientContract<Dispatcher>('undici Pool', {
  breaker: nativeBreaker(),
  upstream,
  // Without this interceptor a 503 is an answer, and no failure.
  connect: (url) => new Pool(url, { connections: 2 }).compose(interceptors.responseError()),
  disconnect: (pool) => pool.destroy(),
  isWell: async (pool, signal) => {
    const { statusCode, body } = await pool.request({ path: '/health', method: 'GET', signal })
    await body.dump()
    return statusCode === 200
  },
  call: async (pool) => {
    const { statusCode, body } = await pool.request({ path: '/vehicles/v1', method: 'GET' })
    return [statusCode, await body.json()]
  },
  method: 'request',
  answer: [200, { id: 'v1' }],
  cancellable: (proxy) =>
    proxy.call((pool, { signal }) => pool.request({ path: '/vehicles/v1', method: 'GET', signal })),
})

describe('undici, guarded', () => {
  test('its functions are a service, too', async () => {
    await using server = await upstream()
    const agent = new Agent()
    await using proxy = createServiceProxy({
      name: 'undici',
      provider: factoryProvider('undici', { create: () => ({ request }), dispose: () => agent.close() }),
      breaker: nativeBreaker(),
    })
    const { statusCode, body } = await proxy.service.request(server.url, { dispatcher: agent })
    expect([statusCode, await body.json()]).toEqual([200, { id: 'v1' }])
    expect(Object.keys(proxy.getMetrics().latency)).toContain('request')
  })

  test('a property of the pool is no method, and the error says how to read it', async () => {
    await using server = await upstream()
    await using proxy = createServiceProxy({
      name: 'vehicles',
      provider: factoryProvider('vehicles', { create: () => new Pool(server.url), dispose: (pool) => pool.destroy() }),
    })
    const pool: object = proxy.service
    const closed: unknown = Reflect.get(pool, 'closed')
    expect(() => Number(closed)).toThrow(
      "'closed' of the guarded service 'vehicles' has no value; read a property with proxy.call((service) => service.closed)",
    )
    expect(await proxy.call(({ closed }) => closed)).toBe(false)
  })

  test('a body that is read holds its pool, when it is what the call returns', async () => {
    const server = await httpUpstream((_request, response) => void response.write('first,'))
    const proxy = createServiceProxy({
      name: 'vehicles',
      provider: factoryProvider('vehicles', { create: () => new Pool(server.url), dispose: (pool) => pool.destroy() }),
      disposeGraceMs: 0,
    })
    onTestFinished(async () => {
      await proxy.stop({ timeoutMs: 0 })
      await server[Symbol.asyncDispose]()
    })
    const body = await proxy.call(async (pool) => (await pool.request({ path: '/', method: 'GET' })).body)
    const parts = body[Symbol.asyncIterator]()
    expect(String((await parts.next()).value)).toBe('first,')
    proxy.invalidateCache()
    await proxy.get()
    expect(await server.openConnections()).toBe(1)
    body.destroy()
    await expect.poll(() => server.openConnections()).toBe(0)
  })
})
