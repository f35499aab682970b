import type { Contender, Scenario } from '../scenario.ts'
import { cockatiel, mollitia, opossum } from './peers.ts'
import { breakers, readyProxy, service } from './service.ts'

const TIMEOUT_MS = 5_000
const ID = 7

type BreakerName = keyof typeof breakers

const call =
  (breaker: BreakerName): Contender =>
  async () => {
    const proxy = await readyProxy(await breakers[breaker](), { timeoutMs: TIMEOUT_MS })
    return { run: () => proxy.call((target) => target.find(ID)), dispose: () => proxy.stop() }
  }

const facade =
  (breaker: BreakerName): Contender =>
  async () => {
    const proxy = await readyProxy(await breakers[breaker](), { timeoutMs: TIMEOUT_MS })
    const guarded = proxy.service
    return { run: () => guarded.find(ID), dispose: () => proxy.stop() }
  }

/** As SDKs have them: the method is found anew for each call, through two namespaces. */
const nestedFacade =
  (breaker: BreakerName): Contender =>
  async () => {
    const proxy = await readyProxy(await breakers[breaker](), { timeoutMs: TIMEOUT_MS })
    const guarded = proxy.service
    return { run: () => guarded.chat.completions.create(ID), dispose: () => proxy.stop() }
  }

/** A call that succeeds, guarded. */
export const guardedCall: Scenario = {
  id: 'call',
  title: 'A guarded call',
  meaning:
    'What a guard adds to a call that succeeds. svcproxy finds the instance, asks the circuit, keeps the deadline, offers the operation a signal and records the latency; the peers do the part their names say.',
  reference: 'svcproxy call, native',
  counted: ['makings', 'instructions'],
  contenders: {
    'bare call (limit)': async () => ({ run: () => service.find(ID) }),
    'svcproxy call, native': call('native'),
    'svcproxy facade, native': facade('native'),
    'svcproxy facade, nested, native': nestedFacade('native'),
    'svcproxy call, opossum': call('opossum'),
    'svcproxy facade, opossum': facade('opossum'),
    'svcproxy facade, nested, opossum': nestedFacade('opossum'),
    'opossum fire, no timeout': async () => {
      const breaker = await opossum(service.find, { timeout: false })
      return { run: () => breaker.fire(ID), dispose: () => breaker.shutdown() }
    },
    'opossum fire, timeout 5 s': async () => {
      const breaker = await opossum(service.find, { timeout: TIMEOUT_MS })
      return { run: () => breaker.fire(ID), dispose: () => breaker.shutdown() }
    },
    'cockatiel breaker': async () => {
      const policy = await cockatiel(5)
      return { run: () => policy.execute(() => service.find(ID)) }
    },
    'cockatiel breaker + timeout 5 s': async () => {
      const policy = await cockatiel(5, TIMEOUT_MS)
      return { run: () => policy.execute(() => service.find(ID)) }
    },
    'mollitia breaker + timeout 5 s': async () => {
      const circuit = await mollitia(service.find, TIMEOUT_MS, 50)
      return { run: () => circuit.execute(ID) }
    },
  },
}

/** The same with the parts of a call that cost extra when they are used. */
export const callWithSignals: Scenario = {
  id: 'signals',
  title: 'A guarded call that uses signals',
  meaning:
    'The operation reads its signal, which is when svcproxy makes an AbortController; or the caller passes the signal of its request, which svcproxy links to the call and unlinks again. Both with the native breaker. opossum is given an AbortController of its own for each breaker, as its documentation shows, since it has none for each call.',
  reference: 'svcproxy call',
  counted: ['makings'],
  contenders: {
    'svcproxy call': call('native'),
    'svcproxy call, signal read': async () => {
      const proxy = await readyProxy(await breakers.native(), { timeoutMs: TIMEOUT_MS })
      const run = (): Promise<number> =>
        proxy.call((target, { signal }) => (signal.aborted ? target.fail() : target.find(ID)))
      return { run, dispose: () => proxy.stop() }
    },
    "svcproxy call, caller's signal": async () => {
      const proxy = await readyProxy(await breakers.native(), { timeoutMs: TIMEOUT_MS })
      const { signal } = new AbortController()
      return { run: () => proxy.call((target) => target.find(ID), { signal }), dispose: () => proxy.stop() }
    },
    'opossum fire, timeout 5 s, abortController': async () => {
      const breaker = await opossum(service.find, { timeout: TIMEOUT_MS, abortController: new AbortController() })
      return { run: () => breaker.fire(ID), dispose: () => breaker.shutdown() }
    },
  },
}
