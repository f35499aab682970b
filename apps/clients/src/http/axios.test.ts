import { Agent } from 'node:http'
import { nativeBreaker } from '@svcproxy/breaker-native'
import { callSignal, createServiceProxy, factoryProvider, ServiceTimeoutError } from '@svcproxy/core'
import axios, { type AxiosInstance } from 'axios'
import { describe, expect, onTestFinished, test } from 'vitest'
import { clientContract } from './client-contract.ts'
import { httpUpstream, sendJson, type Upstream } from './upstream.ts'

const upstream = () => httpUpstream(({ url }, response) => sendJson(response, { path: url, count: 3 }))

function connect(baseURL: string): AxiosInstance {
  return axios.create({ baseURL, httpAgent: new Agent({ keepAlive: true }) })
}

function disconnect(http: AxiosInstance): void {
  const agent: unknown = http.defaults.httpAgent
  if (agent instanceof Agent) agent.destroy()
}

clientContract('axios', {
  breaker: nativeBreaker(),
  upstream,
  connect,
  disconnect,
  isWell: async (http, signal) => (await http.get('/health', { signal })).status === 200,
  call: async (http) => {
    const { data } = await http.get<{ count: number }>('/items')
    return data.count
  },
  method: 'get',
  answer: 3,
  cancellable: (proxy) => proxy.call((http, { signal }) => http.get('/items', { signal })),
})

describe('axios, guarded', () => {
  async function setUp(create: (url: string) => AxiosInstance, timeoutMs = 5_000) {
    const server: Upstream = await upstream()
    const proxy = createServiceProxy({
      name: 'items',
      provider: factoryProvider('items', { create: () => create(server.url), dispose: disconnect }),
      breaker: nativeBreaker(),
      timeoutMs,
    })
    onTestFinished(async () => {
      await proxy.stop()
      await server[Symbol.asyncDispose]()
    })
    return { server, proxy, http: proxy.service }
  }

  test('is called as a function, with a URL or a configuration', async () => {
    const { proxy, http, server } = await setUp(connect)
    const { data } = await http<{ path: string }>('/items', { params: { page: 2 } })
    const created = await http<{ path: string }>({ url: '/items', method: 'post', data: { name: 'x' } })
    expect([data.path, created.data.path]).toEqual(['/items?page=2', '/items'])
    expect(server.requests).toEqual(['GET /items?page=2', 'POST /items'])
    expect(proxy.getMetrics().latency).toMatchObject({ $self: { count: 2 } })
  })

  test('with an interceptor that reads callSignal(), every call of the facade ends at its deadline', async () => {
    const { proxy, http, server } = await setUp((url) => {
      const client = connect(url)
      const withSignal = { synchronous: true }
      client.interceptors.request.use(
        (config) => {
          const signal = config.signal ?? callSignal()
          return signal === undefined ? config : { ...config, signal }
        },
        null,
        withSignal,
      )
      return client
    }, 200)
    server.behaviour = 'hang'
    await expect(http.get('/items')).rejects.toBeInstanceOf(ServiceTimeoutError)
    await expect(http('/items')).rejects.toBeInstanceOf(ServiceTimeoutError)
    await expect.poll(() => server.cutAt.length).toBe(2)
    await expect.poll(() => proxy.getCounts().abandonedCalls).toBe(0)
  })

  test('its defaults have no value on the facade, whatever their type says, and the error says how to read them', async () => {
    const { proxy, http } = await setUp(connect)
    await http.get('/items')
    expect(() => `${http.defaults.baseURL}/x`).toThrow(
      "'defaults.baseURL' of the guarded service 'items' has no value; read a property with " +
        'proxy.call((service) => service.defaults.baseURL)',
    )
    expect(() => Object.assign(http.defaults, { timeout: 1 })).toThrow(
      "The guarded service 'items' is read-only; get the service itself with proxy.get()",
    )
    expect(await proxy.call(({ defaults }) => defaults.baseURL)).toContain('http://127.0.0.1')
  })

  test('what is no function of it is no method, and costs the circuit nothing', async () => {
    const { proxy, http } = await setUp(connect)
    const defaults = http.defaults as unknown as () => Promise<unknown>
    await expect(defaults()).rejects.toThrow(
      "'defaults' is not a method of service 'items'; read a property with proxy.call((service) => service.defaults)",
    )
    expect(proxy.getCounts()).toMatchObject({ failedRequests: 0, rejections: { misuse: 1 } })
  })
})
