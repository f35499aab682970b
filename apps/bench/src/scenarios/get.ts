import type { Contender, Scenario, Subject } from '../scenario.ts'
import { breakers, readyProxy, service } from './service.ts'

const TTL_MS = 300_000
const KEY = 'service'
const PLAIN_DATA = { id: 7, name: 'Vehicle 7', speedKmh: 6 }

/** What loads `value`, made into a subject that is known to hit: a cache that cannot keep a value would load it each time. */
async function caching<V>(value: V, start: (load: () => Promise<V>) => Subject | Promise<Subject>): Promise<Subject> {
  let loads = 0
  const subject = await start(async () => {
    loads++
    return value
  })
  for (let n = 0; n < 3; n++) await subject.run()
  if (loads !== 1) throw new Error(`Three calls loaded ${loads} times, so what is measured is no hit`)
  return subject
}

const bentocache =
  (value: unknown, options: { readonly serialize?: boolean }): Contender =>
  () =>
    caching(value, async (load) => {
      const { BentoCache, bentostore } = await import('bentocache')
      const { memoryDriver } = await import('bentocache/drivers/memory')
      const memory = bentostore().useL1Layer(memoryDriver({ maxItems: 100, ...options }))
      const cache = new BentoCache({ default: 'memory', stores: { memory } })
      return {
        run: () => cache.getOrSet({ key: KEY, ttl: TTL_MS, factory: load }),
        dispose: () => cache.disconnectAll(),
      }
    })

/** A service that was resolved already is asked for again. */
export const get: Scenario = {
  id: 'get',
  title: 'A cached instance',
  meaning:
    'What it costs to ask for a service that is there already. Every contender keeps it for five minutes; svcproxy also asks its circuit and counts the hit. A service is a live object that cannot be copied, so the caches are set to hand out the object itself, where they have to be told. bentocache’s default, which keeps values as text, is measured with a small piece of plain data.',
  reference: 'svcproxy get',
  counted: ['instructions'],
  contenders: {
    'awaited promise (limit)': async () => {
      const promise = Promise.resolve(service)
      return { run: () => promise }
    },
    'svcproxy get': async () => {
      const proxy = await readyProxy(await breakers.native())
      return { run: () => proxy.get(), dispose: () => proxy.stop() }
    },
    'lru-cache fetch': () =>
      caching(service, async (load) => {
        const { LRUCache } = await import('lru-cache')
        const cache = new LRUCache<string, typeof service>({ max: 100, ttl: TTL_MS, fetchMethod: load })
        return { run: () => cache.fetch(KEY) }
      }),
    'p-memoize': () =>
      caching(service, async (load) => {
        const { default: memoize } = await import('p-memoize')
        const resolve = memoize((_key: string) => load())
        return { run: () => resolve(KEY) }
      }),
    'async-cache-dedupe': () =>
      caching(service, async (load) => {
        const { createCache } = await import('async-cache-dedupe')
        const cache = createCache({ ttl: TTL_MS / 1000, storage: { type: 'memory' } }).define(
          'service',
          (_key: string) => load(),
        )
        return { run: () => cache.service(KEY) }
      }),
    'bentocache getOrSet': bentocache(PLAIN_DATA, {}),
    'bentocache getOrSet, serialize off': bentocache(service, { serialize: false }),
    'cacheable getOrSet': () =>
      caching(service, async (load) => {
        const { Cacheable, createKeyv } = await import('cacheable')
        // It clones what it hands out unless told otherwise; it cannot clone a function, and would load at each call.
        const cache = new Cacheable({ primary: createKeyv({ useClone: false }) })
        return { run: () => cache.getOrSet(KEY, load, { ttl: TTL_MS }) }
      }),
  },
}
