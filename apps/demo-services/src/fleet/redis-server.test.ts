import { existsSync } from 'node:fs'
import { createClient } from '@redis/client'
import { describe, expect, test } from 'vitest'
import { installedVersion, RedisServer } from './redis-server.ts'

const MISSING_REDIS = missing()

function missing(): string | undefined {
  try {
    installedVersion()
  } catch (error) {
    return String(error)
  }
  return undefined
}

/** One command, over a connection of its own. */
async function command(url: string, ...args: string[]): Promise<unknown> {
  const client = createClient({ url, socket: { reconnectStrategy: false } })
  client.on('error', () => undefined)
  await client.connect()
  const reply = await client.sendCommand(args)
  client.destroy()
  return reply
}

test('without redis-server it says how to install it', () => {
  expect(() => installedVersion('no-such-command')).toThrow(/not installed.+apt-get install redis-server/)
})

test('a command that is not Redis is no Redis', () => {
  expect(() => installedVersion('true')).toThrow('not installed')
})

describe.skipIf(MISSING_REDIS !== undefined)(`with Redis ${MISSING_REDIS ?? ''}`.trim(), () => {
  test('killed and started again it has its data; disposed, all of it is gone', async () => {
    const redis = await RedisServer.start()
    await command(redis.url, 'SET', 'key', 'value')
    const { pid } = redis
    await redis.kill()
    expect([redis.pid, existsSync(`/proc/${pid}/exe`)]).toEqual([undefined, false])
    await expect(command(redis.url, 'GET', 'key')).rejects.toThrow('ECONNREFUSED')
    await redis.start()
    expect(await command(redis.url, 'GET', 'key')).toBe('value')

    const again = redis.pid
    await redis[Symbol.asyncDispose]()
    expect([existsSync(redis.folder), existsSync(`/proc/${again}/exe`)]).toEqual([false, false])
  })

  test('ended by somebody else, it is started again all the same', async () => {
    await using redis = await RedisServer.start()
    process.kill(redis.pid ?? 0, 'SIGKILL')
    await expect.poll(() => existsSync(`/proc/${redis.pid}/exe`)).toBe(false)
    await redis.kill()
    await redis.start()
    expect(await command(redis.url, 'PING')).toBe('PONG')
  })

  test('nobody without its password may do anything', async () => {
    await using redis = await RedisServer.start()
    const stranger = new URL(redis.url)
    stranger.password = ''
    await expect(command(stranger.href, 'PING')).rejects.toThrow('NOAUTH')
  })
})
