import { AsyncLocalStorage } from 'node:async_hooks'
import { Agent as HttpAgent } from 'node:http'
import { opossumBreaker } from '@svcproxy/breaker-opossum'
import { createServiceProxy, factoryProvider, ServiceTimeoutError } from '@svcproxy/core'
import { Stripe } from 'stripe'
import { describe, expect, onTestFinished, test } from 'vitest'
import { clientContract } from './client-contract.ts'
import { httpUpstream, sendJson } from './upstream.ts'

const CUSTOMER = { email: 'ann@example.org' }

const upstream = () =>
  httpUpstream(({ method, url }, response, body) => {
    const path = url?.split('?')[0]
    if (path === '/v1/checkout/sessions') sendJson(response, { id: 'cs_1', url: 'https://pay.example.org' })
    else if (method === 'GET')
      sendJson(response, { object: 'list', url: path, has_more: false, data: [{ id: 'cus_1' }] })
    else sendJson(response, { id: 'cus_1', email: new URLSearchParams(body).get('email') })
  })

/** What a call of Stripe's has no place for: the signal travels in the context of the call. */
const signals = new AsyncLocalStorage<AbortSignal>()

const cancellableFetch: typeof fetch = (input, init) => {
  const given = [init?.signal, signals.getStore()].filter((signal) => signal !== undefined && signal !== null)
  return fetch(input, { ...init, signal: AbortSignal.any(given) })
}

const agents = new WeakMap<Stripe, HttpAgent>()

function connect(url: string, options: Stripe.StripeConfig = {}): Stripe {
  const { hostname, port } = new URL(url)
  const httpAgent = new HttpAgent({ keepAlive: true })
  const stripe = new Stripe('sk_test_x', {
    protocol: 'http',
    host: hostname,
    port,
    httpClient: Stripe.createNodeHttpClient(httpAgent),
    maxNetworkRetries: 0,
    telemetry: false,
    ...options,
  })
  agents.set(stripe, httpAgent)
  return stripe
}

clientContract('Stripe', {
  breaker: opossumBreaker(),
  upstream,
  connect,
  disconnect: (stripe) => agents.get(stripe)?.destroy(),
  isWell: async (stripe) => (await stripe.customers.list({ limit: 1 }, { timeout: 1_000 })).object === 'list',
  call: async (stripe) => {
    const { id, email } = await stripe.customers.create(CUSTOMER)
    return [id, email]
  },
  method: 'customers.create',
  answer: ['cus_1', CUSTOMER.email],
  // No signal, but a time-out for each request: a little more than the deadline, and the request ends with it.
  cancellable: (proxy) =>
    proxy.call(async (stripe) => {
      const { id } = await stripe.customers.create(CUSTOMER, { timeout: 300 })
      return id
    }),
})

describe('Stripe, guarded', () => {
  async function setUp(options?: Stripe.StripeConfig, timeoutMs = 5_000) {
    const server = await upstream()
    const proxy = createServiceProxy({
      name: 'payments',
      provider: factoryProvider('payments', {
        create: () => connect(server.url, options),
        dispose: (stripe) => agents.get(stripe)?.destroy(),
      }),
      breaker: opossumBreaker(),
      timeoutMs,
    })
    onTestFinished(async () => {
      await proxy.stop({ timeoutMs: 0 })
      await server[Symbol.asyncDispose]()
    })
    return { server, proxy, stripe: proxy.service }
  }

  test('has its resources, to any depth, each counted by its path', async () => {
    const { stripe, proxy, server } = await setUp()
    const { url } = await stripe.checkout.sessions.create({ mode: 'payment' })
    const { data } = await stripe.customers.list({ limit: 3 })
    expect([url, data.map(({ id }) => id)]).toEqual(['https://pay.example.org', ['cus_1']])
    expect(Object.keys(proxy.getMetrics().latency)).toEqual(['$get', 'checkout.sessions.create', 'customers.list'])
    expect(server.requests).toEqual(['POST /v1/checkout/sessions', 'GET /v1/customers?limit=3'])
  })

  test('with a fetch that finds the signal in the context of the call, a call ends at its deadline, at the server too', async () => {
    const { proxy, server } = await setUp({ httpClient: Stripe.createFetchHttpClient(cancellableFetch) }, 200)
    server.behaviour = 'hang'
    const created = proxy.call((stripe, { signal }) => signals.run(signal, () => stripe.customers.create(CUSTOMER)))
    await expect(created).rejects.toBeInstanceOf(ServiceTimeoutError)
    await expect.poll(() => server.cutAt.length).toBe(1)
    await expect.poll(() => proxy.getCounts().abandonedCalls).toBe(0)
  })

  test('a list is a page: its pages to come are read inside one call', async () => {
    const { proxy, stripe } = await setUp()
    const listed = stripe.customers.list()
    expect(() => listed.autoPagingToArray({ limit: 9 })).toThrow('listed.autoPagingToArray is not a function')
    expect((await listed).data).toHaveLength(1)
    expect(await proxy.call((it) => it.customers.list().autoPagingToArray({ limit: 9 }))).toHaveLength(1)
  })

  test('a resource is no method, and the error says so with its path', async () => {
    const { proxy, stripe } = await setUp()
    const customers = stripe.customers as unknown as () => Promise<unknown>
    await expect(customers()).rejects.toThrow(
      "'customers' is not a method of service 'payments'; read a property with proxy.call((service) => service.customers)",
    )
    expect(proxy.getCounts()).toMatchObject({ failedRequests: 0, rejections: { misuse: 1 } })
  })
})
