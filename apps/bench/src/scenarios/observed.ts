import { factoryProvider, ServiceProxyManager } from '@svcproxy/core'
import type { Contender, Scenario } from '../scenario.ts'
import { type Observe, openTelemetryMetrics, openTelemetryTraces, passer, prometheus } from './observers.ts'
import { opossum } from './peers.ts'
import { breakers, service } from './service.ts'

const TIMEOUT_MS = 5_000
const ID = 7

const watchedBy =
  (observe?: Observe): Contender =>
  async () => {
    const settings = { breaker: await breakers.native(), timeoutMs: TIMEOUT_MS }
    const manager = new ServiceProxyManager(settings).add('service', {
      provider: factoryProvider('service', { create: () => service }),
    })
    await manager.getProxy('service').get()
    const observer = await observe?.(manager)
    const guarded = manager.services.service
    return {
      run: () => guarded.find(ID),
      async dispose() {
        if ((await observer?.seen()) === 0) throw new Error('The calls were not seen by who was to watch them')
        await observer?.end()
        await manager.stop()
      },
    }
  }

/** What stands in many applications around a call. */
const byHand: Contender = async () => {
  const { Histogram, Registry } = await import('prom-client')
  const durations = new Histogram({
    name: 'call_duration_seconds',
    help: 'Duration of calls',
    labelNames: ['service', 'method', 'outcome'],
    registers: [new Registry()],
  })
  const breaker = await opossum(service.find, { timeout: TIMEOUT_MS })
  const find = async (id: number): Promise<number> => {
    const end = durations.startTimer({ service: 'service', method: 'find' })
    try {
      const answer = await breaker.fire(id)
      end({ outcome: 'success' })
      return answer
    } catch (error) {
      end({ outcome: 'failure' })
      throw error
    }
  }
  return { run: () => find(ID), dispose: () => breaker.shutdown() }
}

/** What a call costs more when somebody is told of it. */
export const observed: Scenario = {
  id: 'observed',
  title: 'A guarded call that somebody watches',
  meaning:
    'What metrics and traces add to a call of the facade with the native breaker. While nobody listens, nothing is to be paid, also when somebody did before. The Prometheus registry and the OpenTelemetry SDKs are real; nobody scrapes, collects or sends while it is measured, which production does every few seconds. Every call makes a span, a root, and the batches of them are dropped where an exporter would write and send them. The row “by hand” is what many applications have: opossum, and a histogram of prom-client with three labels around it.',
  reference: 'nobody listens',
  contenders: {
    'nobody listens': watchedBy(),
    'a listener came and went': watchedBy(passer),
    Prometheus: watchedBy(prometheus),
    'OpenTelemetry metrics': watchedBy(openTelemetryMetrics),
    'OpenTelemetry traces': watchedBy(openTelemetryTraces),
    'opossum fire, prom-client by hand': byHand,
  },
}
