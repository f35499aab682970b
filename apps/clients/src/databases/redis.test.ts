import { nativeBreaker } from '@svcproxy/breaker-native'
import { CircuitOpenError, createServiceProxy, factoryProvider, ServiceTimeoutError } from '@svcproxy/core'
import { createClient } from 'redis'
import { describe, expect, expectTypeOf, test, vi } from 'vitest'
import { OPENS_AT_SECOND_FAILURE } from './circuit.ts'
import { MISSING_REDIS, redisServer } from './redis-server.ts'
import { stopsWithTheTest } from './stops-with-the-test.ts'

const NAME = 'with-redis'

function connect(port: number) {
  const client = createClient({
    socket: { port },
    name: NAME,
    disableOfflineQueue: true, // while there is no connection a command fails at once
  })
  client.on('error', () => undefined) // without it, a connection that breaks ends the process
  return client.connect()
}
type Client = Awaited<ReturnType<typeof connect>>

/** Waits for the next job on a connection of its own, which ends with the call: on a shared one all others would wait, too. */
async function nextJob(client: Client, { signal }: { readonly signal: AbortSignal }) {
  const own = await client
    .duplicate()
    .on('error', () => undefined)
    .connect()
  const hangUp = (): void => own.destroy()
  try {
    signal.throwIfAborted()
    signal.addEventListener('abort', hangUp)
    return await own.blPop('jobs', 0)
  } finally {
    signal.removeEventListener('abort', hangUp)
    if (own.isOpen) own.destroy()
  }
}

describe.skipIf(MISSING_REDIS !== undefined)(`node-redis ${MISSING_REDIS ?? ''}`.trim(), () => {
  const server = redisServer()

  function guardedRedis() {
    const provider = factoryProvider('redis', {
      create: () => connect(server.port),
      checkHealth: async (client) => (await client.ping()) === 'PONG',
      dispose: (client) => client.destroy(),
    })
    const options = { breaker: nativeBreaker(), timeoutMs: 500, circuit: OPENS_AT_SECOND_FAILURE }
    const proxy = stopsWithTheTest(createServiceProxy({ name: 'redis', provider, ...options }))
    return { redis: proxy.service, proxy }
  }

  test('a command is called as on the client, and its answer is typed', async () => {
    const { redis, proxy } = guardedRedis()
    expect(await redis.set('greeting', 'hello', { expiration: { type: 'EX', value: 60 } })).toBe('OK')
    const greeting = await redis.get('greeting')
    expectTypeOf(greeting).toEqualTypeOf<string | null>()
    expect(greeting).toBe('hello')
    expect(await proxy.checkHealth()).toBe(true)
  })

  test('an iterator over the keys is got through the facade, and read by its caller', async () => {
    const { redis } = guardedRedis()
    await redis.mSet({ one: '1', two: '2' })
    const found: string[] = []
    for await (const keys of await redis.scanIterator()) found.push(...keys)
    expect(found.toSorted()).toEqual(['one', 'two'])
  })

  test('a server that died opens the circuit; then calls are refused, or answered by their fallback', async () => {
    const { redis, proxy } = guardedRedis()
    await redis.set('greeting', 'hello')
    await server.kill()
    for (const _ of [1, 2]) await expect(redis.get('greeting')).rejects.toThrow(/closed|offline|ECONNREFUSED/)
    await expect(redis.get('greeting')).rejects.toThrow(CircuitOpenError)
    expect(await proxy.call((client) => client.get('greeting'), { fallback: () => 'hi' })).toBe('hi')
  })

  test('a blocking command on a connection of its own ends with its call; others do not wait for it', async () => {
    const { redis, proxy } = guardedRedis()
    const call = expect(proxy.call(nextJob)).rejects.toThrow(ServiceTimeoutError)
    await server.untilBlocked(1)
    expect(await redis.ping()).toBe('PONG')
    await call
    await server.untilBlocked(0)
    expect(await server.connectionsOf(NAME)).toBe(1)
    await vi.waitFor(() => expect(proxy.getMetrics().abandonedCalls).toBe(0))
  })

  test('a blocking command that is answered in time leaves no connection behind', async () => {
    const { redis, proxy } = guardedRedis()
    const job = proxy.call(nextJob)
    await server.untilBlocked(1)
    await redis.rPush('jobs', 'first')
    expect(await job).toEqual({ key: 'jobs', element: 'first' })
    await vi.waitFor(async () => expect(await server.connectionsOf(NAME)).toBe(1))
  })

  test('a transaction is begun and finished in proxy.call', async () => {
    const { proxy } = guardedRedis()
    expect(await proxy.call((client) => client.multi().set('count', 1).incr('count').exec())).toEqual(['OK', 2])
  })

  test('a property is no method, and has no value on the facade', async () => {
    const { redis, proxy } = guardedRedis()
    await redis.ping()
    await expect((Reflect.get(redis, 'isReady') as () => Promise<unknown>)()).rejects.toThrow(
      "'isReady' is not a method of service 'redis'; read a property with proxy.call((service) => service.isReady)",
    )
    expect(await proxy.call((client) => client.isReady)).toBe(true)
  })

  test('stopped, it has no connection left', async () => {
    const { proxy, redis } = guardedRedis()
    await redis.ping()
    expect(await server.connectionsOf(NAME)).toBe(1)
    await proxy.stop()
    await vi.waitFor(async () => expect(await server.connectionsOf(NAME)).toBe(0))
  })
})
