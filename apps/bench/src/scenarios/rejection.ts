import type { Contender, Scenario, Subject } from '../scenario.ts'
import { cockatiel, mollitia, opossum } from './peers.ts'
import { breakers, readyProxy, service } from './service.ts'

const TIMEOUT_MS = 5_000

/** A subject whose every call is refused: what opened the circuit is over, and what is left is the refusal. */
async function opened(run: () => Promise<unknown>, fail: () => Promise<unknown>): Promise<Subject> {
  for (let failures = 0; failures < 20; failures++) await fail().catch(() => undefined)
  const reached = await run().then(
    () => true,
    () => false,
  )
  if (reached) throw new Error('The circuit did not open')
  return { run: () => run().catch(() => undefined) }
}

const svcproxy =
  (breaker: keyof typeof breakers): Contender =>
  async () => {
    const proxy = await readyProxy(await breakers[breaker](), {
      circuit: { recoveryTimeoutMs: 3_600_000 },
    })
    return opened(
      () => proxy.call((target) => target.find(7)),
      () => proxy.call((target) => target.fail()),
    )
  }

/** A call while the circuit is open. */
export const rejection: Scenario = {
  id: 'rejection',
  title: 'A rejection while the circuit is open',
  meaning:
    'What an outage costs the caller: how long a rejection takes. Every contender builds an Error for each rejection; the call that would have succeeded is never made.',
  reference: 'svcproxy call, native',
  contenders: {
    'svcproxy call, native': svcproxy('native'),
    'svcproxy call, opossum': svcproxy('opossum'),
    'opossum fire, timeout 5 s': async () => {
      const action = async (fails: boolean): Promise<number> => (fails ? service.fail() : service.find(7))
      const breaker = await opossum(action, { timeout: TIMEOUT_MS })
      return opened(
        () => breaker.fire(false),
        () => breaker.fire(true),
      )
    },
    'cockatiel breaker + timeout 5 s': async () => {
      const policy = await cockatiel(5, TIMEOUT_MS)
      return opened(
        () => policy.execute(() => service.find(7)),
        () => policy.execute(() => service.fail()),
      )
    },
    'mollitia breaker + timeout 5 s': async () => {
      const action = async (fails: boolean): Promise<number> => (fails ? service.fail() : service.find(7))
      const circuit = await mollitia(action, TIMEOUT_MS, 50)
      return opened(
        () => circuit.execute(false),
        () => circuit.execute(true),
      )
    },
  },
}
