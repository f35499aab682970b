import type { ProxySettings } from '@svcproxy/core'
import type { Contender, Scenario } from '../scenario.ts'
import { opossum } from './peers.ts'
import { breakers, readyProxy, service } from './service.ts'

const TIMEOUT_MS = 5_000
const ID = 7
/** As far from what the scenario reaches as the limits of the peers are. */
const RATE = { ratio: 1, minimumCalls: 1_000_000 }

const call =
  (circuit: ProxySettings['circuit'] = {}): Contender =>
  async () => {
    const proxy = await readyProxy(await breakers.native(), { timeoutMs: TIMEOUT_MS, circuit })
    return { run: () => proxy.call((target) => target.find(ID)), dispose: () => proxy.stop() }
  }

const facade =
  (methods: Readonly<Record<string, object>>, settings: ProxySettings = {}): Contender =>
  async () => {
    const proxy = await readyProxy(await breakers.native(), { timeoutMs: TIMEOUT_MS, methods, ...settings })
    const guarded = proxy.service
    return { run: () => guarded.find(ID), dispose: () => proxy.stop() }
  }

const OPTIONS = { errorThresholdPercentage: 100, volumeThreshold: 1_000_000 }

/** A call that succeeds, under policies that most services do not need. */
export const policies: Scenario = {
  id: 'policies',
  title: 'A guarded call under further policies',
  meaning:
    'What the rules and settings that are off by default cost a call that succeeds. Where opossum decides, its own window counts the call; its peer is an opossum breaker with the same options and a timeout.',
  reference: 'svcproxy call',
  counted: ['instructions'],
  contenders: {
    'svcproxy call': call(),
    'svcproxy call, failure rate over 10 s': call({ failureRate: RATE }),
    'svcproxy call, failure rate over 100 calls': call({ failureRate: { ratio: 1, windowCalls: 100 } }),
    'svcproxy call, failure rate and slow calls': call({
      failureRate: RATE,
      slowCalls: { ...RATE, thresholdMs: 1_000 },
    }),
    'svcproxy facade': facade({}),
    'svcproxy facade, settings of another method': facade({ fail: { timeoutMs: 1_000 } }),
    'svcproxy facade, settings of the method': facade({ find: { timeoutMs: 1_000 } }),
    'svcproxy facade, retry of another method': facade({ fail: { retry: true } }),
    'svcproxy facade, retry': facade({ find: { retry: true } }),
    'svcproxy facade, concurrency limit and queue': facade({}, { maxConcurrentCalls: 100, maxQueuedCalls: 100 }),
    'svcproxy facade, requestTimeoutMs': facade({}, { requestTimeoutMs: TIMEOUT_MS }),
    'svcproxy call, opossum decides': async () => {
      const { opossumBreaker } = await import('@svcproxy/breaker-opossum')
      const proxy = await readyProxy(opossumBreaker(OPTIONS), { timeoutMs: TIMEOUT_MS })
      return { run: () => proxy.call((target) => target.find(ID)), dispose: () => proxy.stop() }
    },
    'opossum fire, timeout 5 s': async () => {
      const breaker = await opossum(service.find, { ...OPTIONS, timeout: TIMEOUT_MS })
      return { run: () => breaker.fire(ID), dispose: () => breaker.shutdown() }
    },
  },
}
