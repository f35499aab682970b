import type { ServiceProxy } from '@svcproxy/core'
import type { Contender, Scenario } from '../scenario.ts'
import { breakers, readyProxy, type service } from './service.ts'

const SERVICES = 10_000

async function readyProxies(count: number): Promise<ServiceProxy<typeof service>[]> {
  const breaker = await breakers.native()
  const proxies: ServiceProxy<typeof service>[] = []
  for (let n = 0; n < count; n++) proxies.push(await readyProxy(breaker, {}, `service${n}`))
  return proxies
}

const oneOf =
  (count: number): Contender =>
  async () => {
    const proxies = await readyProxies(count)
    const proxy = proxies[count >> 1]
    if (proxy === undefined) throw new RangeError('There is no service among none')
    return { run: () => proxy.call((target) => target.find(7)) }
  }

const eachOf =
  (count: number): Contender =>
  async () => {
    const proxies = await readyProxies(count)
    let next = 0
    return {
      run: () => {
        // A stride that is no neighbour: an application does not call its services in the order they were made.
        next = (next + 7_919) % count
        return proxies[next]?.call((target) => target.find(7))
      },
    }
  }

/** Whether a process with many services pays for it in each call. */
export const manyServices: Scenario = {
  id: 'many-services',
  title: 'A call when there are many services',
  meaning:
    'Whether the number of services is in the price of a call. All rows have a young generation of 16 MB, to which V8 lets it grow by itself in a process that holds much: with one service it would stay at 2 MB, inside the processor’s cache, and that is what would be compared. The last row calls all services in turn, so each call finds its proxy in main memory.',
  flags: ['--min-semi-space-size=16', '--max-semi-space-size=16'],
  reference: '1 service',
  contenders: {
    '1 service': oneOf(1),
    '10 000 services, one of them called': oneOf(SERVICES),
    '10 000 services, all of them called': eachOf(SERVICES),
  },
}
