import { fleetStoreContract } from '@svcproxy/testing/fleet'
import { afterAll, beforeAll, describe } from 'vitest'
import { contractHarness } from '../test/contract-harness.ts'
import { MISSING_REDIS, RedisServer } from '../test/redis-server.ts'

describe.skipIf(MISSING_REDIS !== undefined)(`on a server of its own ${MISSING_REDIS ?? ''}`.trim(), () => {
  let server: RedisServer
  beforeAll(async () => void (server = await RedisServer.start()))
  afterAll(() => server[Symbol.asyncDispose]())
  const open = (RESP: 2 | 3) => async () => contractHarness({ url: `redis://127.0.0.1:${server.port}`, RESP }, [server])

  fleetStoreContract('Redis, by protocol 3,', open(3))
  // Evidence ends after ten seconds, however Redis was asked.
  fleetStoreContract('Redis, by protocol 2,', open(2), { longestMs: 5_000 })
})
