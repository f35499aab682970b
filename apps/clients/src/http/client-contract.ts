import {
  CircuitOpenError,
  factoryProvider,
  ServiceProxyManager,
  ServiceTimeoutError,
  type BreakerFactory,
  type Guarded,
  type ServiceProxy,
  type ServiceProxyOptions,
} from '@svcproxy/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Behaviour, Upstream } from './upstream.ts'

/** A client, and how an application uses it. */
export interface ClientUnderTest<T> {
  readonly breaker: BreakerFactory
  /** Starts the service that the client talks to. */
  readonly upstream: () => Promise<Upstream>
  readonly connect: (url: string) => T
  readonly disconnect: (client: T) => void | Promise<void>
  readonly isWell: (client: T, signal: AbortSignal) => Promise<boolean>
  /** A call through the facade. */
  readonly call: (client: Guarded<T>) => Promise<unknown>
  /** What the call is counted as. */
  readonly method: string
  readonly answer: unknown
  /**
   * The same call in the way in which the client can be told to end it. Left out where every call of the facade ends at
   * its deadline.
   */
  readonly cancellable?: (proxy: ServiceProxy<T>) => Promise<unknown>
}

const TIMEOUT_MS = 250
/** From the caller's answer to the end of the work at the server. */
const PROMPTLY_MS = 500
const FAILURES = 2

/** What holds for each client that applications have. */
export function clientContract<T>(name: string, client: ClientUnderTest<T>): void {
  const { setUp, setUpLoaded } = setUpsOf(client)

  describe(`${name}, guarded`, () => {
    test('answers, and is counted by the path of the method', async () => {
      const { proxy, guarded } = await setUp()
      expect(await client.call(guarded)).toEqual(client.answer)
      expect(await client.call(guarded)).toEqual(client.answer)
      expect(proxy.getMetrics().latency).toMatchObject({ [client.method]: { count: 2 } })
      expect(proxy.getMetrics()).toMatchObject({ successRate: 100 })
    })

    test('is well while its service is, and not when it is not', async () => {
      expect(await (await setUpLoaded('answer')).proxy.checkHealth()).toBe(true)
      expect(await (await setUpLoaded('fail')).proxy.checkHealth()).toBe(false)
    })

    test('failures open the circuit, and from then on nothing reaches the service', async () => {
      const { guarded, proxy, requests } = await setUpLoaded('fail')
      for (let failure = 0; failure < FAILURES; failure++) {
        const error: unknown = await client.call(guarded).catch((caught: unknown) => caught)
        expect(error).toBeInstanceOf(Error)
        expect(error).not.toHaveProperty('code', expect.stringContaining('SVCPROXY'))
        expect(proxy.getStatus().lastFailure?.error).toBe(error)
      }
      expect(proxy.circuitState).toBe('open')
      await expect(client.call(guarded)).rejects.toBeInstanceOf(CircuitOpenError)
      expect(requests()).toHaveLength(FAILURES)
    })

    test('a call ends at its deadline, at the service too', async () => {
      const { guarded, upstream, proxy } = await setUpLoaded('hang', { timeoutMs: TIMEOUT_MS })
      const pending = client.cancellable === undefined ? client.call(guarded) : client.cancellable(proxy)
      await expect(pending).rejects.toBeInstanceOf(ServiceTimeoutError)
      const answeredAt = performance.now()
      await expect.poll(() => upstream.cutAt.length).toBe(1)
      expect(Number(upstream.cutAt[0]) - answeredAt).toBeLessThan(PROMPTLY_MS)
      await expect.poll(() => proxy.getCounts().abandonedCalls).toBe(0)
    })

    test.for(client.cancellable === undefined ? [] : [client.call])(
      'a call that is given no signal is answered at its deadline, and goes on to its end at the service',
      async (call) => {
        const { guarded, upstream, proxy } = await setUpLoaded('hang', { timeoutMs: TIMEOUT_MS })
        await expect(call(guarded)).rejects.toBeInstanceOf(ServiceTimeoutError)
        expect(proxy.getCounts().abandonedCalls).toBe(1)
        upstream.answerHung()
        await expect.poll(() => proxy.getCounts().abandonedCalls).toBe(0)
        expect(upstream.cutAt).toEqual([])
      },
    )

    test('its fallback answers when the service does not', async () => {
      const replica = await client.upstream()
      const substitute = client.connect(replica.url)
      onTestFinished(async () => {
        await client.disconnect(substitute)
        await replica[Symbol.asyncDispose]()
      })
      const { guarded, proxy } = await setUpLoaded('fail', { fallback: () => substitute })
      for (let call = 0; call <= FAILURES; call++) expect(await client.call(guarded)).toEqual(client.answer)
      expect(proxy.circuitState).toBe('open')
      expect(replica.requests).toHaveLength(FAILURES + 1)
    })

    test('its end closes its connections', async () => {
      const { guarded, upstream, manager } = await setUp()
      await Promise.all([client.call(guarded), client.call(guarded)])
      expect(await upstream.openConnections()).toBeGreaterThan(0)
      await manager.stop()
      await expect.poll(() => upstream.openConnections()).toBe(0)
    })
  })
}

function setUpsOf<T>(client: ClientUnderTest<T>) {
  async function setUp(options: Partial<ServiceProxyOptions<T>> = {}) {
    const upstream = await client.upstream()
    const manager = new ServiceProxyManager({ breaker: client.breaker }).add('client', {
      provider: factoryProvider<T>('client', {
        create: () => client.connect(upstream.url),
        checkHealth: (service, { signal }) => client.isWell(service, signal),
        dispose: (service) => client.disconnect(service),
      }),
      circuit: { failureThreshold: FAILURES, recoveryTimeoutMs: 60_000 },
      ...options,
    })
    onTestFinished(async () => {
      await manager.stop()
      await upstream[Symbol.asyncDispose]()
    })
    const proxy = manager.getProxy('client')
    return { upstream, manager, proxy, guarded: proxy.service }
  }

  /** The instance was loaded and found well before the service changed its behaviour. */
  async function setUpLoaded(behaviour: Behaviour, options?: Partial<ServiceProxyOptions<T>>) {
    const all = await setUp(options)
    await all.proxy.get()
    const asked = all.upstream.requests.length
    all.upstream.behaviour = behaviour
    return { ...all, requests: () => all.upstream.requests.slice(asked) }
  }

  return { setUp, setUpLoaded }
}
