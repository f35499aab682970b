import { setTimeout as wait } from 'node:timers/promises'
import type { FleetStore } from '@svcproxy/fleet'
import { fleetStoreContract } from '@svcproxy/testing/fleet'
import { afterAll, beforeAll, describe } from 'vitest'
import { MISSING_REDIS, RedisServer } from '../test/redis-server.ts'
import { redisStore } from './index.ts'

describe.skipIf(MISSING_REDIS !== undefined)(`on a server of its own ${MISSING_REDIS ?? ''}`.trim(), () => {
  let server: RedisServer
  beforeAll(async () => void (server = await RedisServer.start()))
  afterAll(() => server[Symbol.asyncDispose]())

  for (const RESP of [3, 2] as const) {
    fleetStoreContract(`Redis, by protocol ${RESP},`, async () => {
      await server.command('FLUSHALL')
      const stores: FleetStore[] = []
      return {
        store: () => {
          const store = redisStore({ url: `redis://127.0.0.1:${server.port}`, RESP })
          stores.push(store)
          return store
        },
        pass: (ms) => wait(ms),
        [Symbol.asyncDispose]: async () => {
          await Promise.all(stores.map((store) => store.close()))
        },
      }
    })
  }
})
