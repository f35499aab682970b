import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { FleetStore } from '@svcproxy/fleet'
import type { FleetStoreHarness } from '@svcproxy/testing/fleet'
import { redisStore } from '../src/index.ts'
import type { RedisStoreOptions } from '../src/index.ts'
import type { RedisServer } from './redis-server.ts'

/**
 * What the contract of stores is tried with: stores whose namespaces nobody else has.
 * @param masters where the data are
 */
export function contractHarness(options: RedisStoreOptions, masters: readonly RedisServer[]): FleetStoreHarness {
  const id = randomUUID().slice(0, 8)
  const stores: FleetStore[] = []
  return {
    store: () => {
      // The machine may be busy.
      const store = redisStore({ commandTimeoutMs: 2_000, socket: { connectTimeout: 10_000 }, ...options })
      const open = store.open.bind(store)
      stores.push(store)
      return Object.assign(store, {
        open: (...[namespace, listener]: Parameters<FleetStore['open']>) => open(`${namespace}.${id}`, listener),
      })
    },
    pass: (ms) => wait(ms),
    loseData: async () => {
      for (const master of masters) {
        const keys = (await master.command('KEYS', `svcproxy:{*.${id}}:*`)).split('\n')
        for (const key of keys.filter((name) => name !== '')) await master.command('DEL', key)
      }
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(stores.map((store) => store.close()))
    },
  }
}
