import { opossumBreaker } from '@svcproxy/breaker-opossum'
import { CircuitOpenError, factoryProvider, ServiceProxyManager, ServiceTimeoutError } from '@svcproxy/core'
import { Redis } from 'ioredis'
import { describe, expect, expectTypeOf, test, vi } from 'vitest'
import { OPENS_AT_SECOND_FAILURE } from './circuit.ts'
import { MISSING_REDIS, redisServer } from './redis-server.ts'
import { stopsWithTheTest } from './stops-with-the-test.ts'

const NAME = 'with-ioredis'

/** Waits for the next job on a connection of its own, which ends with the call: on a shared one all others would wait, too. */
async function nextJob(redis: Redis, { signal }: { readonly signal: AbortSignal }) {
  const own = redis.duplicate({ enableOfflineQueue: true })
  own.on('error', () => undefined)
  signal.addEventListener('abort', () => own.disconnect())
  try {
    return await own.blpop('jobs', 0)
  } finally {
    own.disconnect()
  }
}

describe.skipIf(MISSING_REDIS !== undefined)(`ioredis ${MISSING_REDIS ?? ''}`.trim(), () => {
  const server = redisServer()

  function guardedRedis() {
    const provider = factoryProvider('redis', {
      async create() {
        const redis = new Redis({
          port: server.port,
          connectionName: NAME,
          lazyConnect: true,
          enableOfflineQueue: false, // while there is no connection a command fails at once
          maxRetriesPerRequest: 0, // and is not sent again when there is one
        })
        redis.on('error', () => undefined)
        await redis.connect()
        return redis
      },
      checkHealth: async (redis) => (await redis.ping()) === 'PONG',
      dispose: (redis) => redis.disconnect(),
    })
    const options = { provider, timeoutMs: 500, circuit: OPENS_AT_SECOND_FAILURE }
    const manager = stopsWithTheTest(new ServiceProxyManager({ breaker: opossumBreaker() }).add('redis', options))
    return { manager, redis: manager.services.redis, proxy: manager.getProxy('redis') }
  }

  test('a command is called as on the client, and its answer is typed', async () => {
    const { redis, proxy } = guardedRedis()
    expect(await redis.set('greeting', 'hello', 'EX', 60)).toBe('OK')
    const greeting = await redis.get('greeting')
    expectTypeOf(greeting).toEqualTypeOf<string | null>()
    expect(greeting).toBe('hello')
    expect(await proxy.checkHealth()).toBe(true)
  })

  test('a server that died opens the circuit; then calls are refused, or answered by their fallback', async () => {
    const { redis, proxy } = guardedRedis()
    await redis.set('greeting', 'hello')
    await server.kill()
    for (const _ of [1, 2])
      await expect(redis.get('greeting')).rejects.toThrow(/Stream isn't writeable|max retries|closed/)
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
    await redis.rpush('jobs', 'first')
    expect(await job).toEqual(['jobs', 'first'])
    await vi.waitFor(async () => expect(await server.connectionsOf(NAME)).toBe(1))
  })

  test('a transaction is begun and finished in proxy.call', async () => {
    const { proxy } = guardedRedis()
    const answers = await proxy.call((client) => client.multi().set('count', 1).incr('count').exec())
    expect(answers).toEqual([
      [null, 'OK'],
      [null, 2],
    ])
  })

  test('a property is no method, and has no value on the facade', async () => {
    const { redis, proxy } = guardedRedis()
    await redis.ping()
    await expect((Reflect.get(redis, 'status') as () => Promise<unknown>)()).rejects.toThrow(
      "'status' is not a method of service 'redis'; read a property with proxy.call((service) => service.status)",
    )
    expect(await proxy.call((client) => client.status)).toBe('ready')
  })

  test('stopped, it has no connection left', async () => {
    const { manager, redis } = guardedRedis()
    await redis.ping()
    expect(await server.connectionsOf(NAME)).toBe(1)
    await manager.stop()
    await vi.waitFor(async () => expect(await server.connectionsOf(NAME)).toBe(0))
  })
})
