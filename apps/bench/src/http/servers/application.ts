import { nativeBreaker } from '@svcproxy/breaker-native'
import { opossumBreaker } from '@svcproxy/breaker-opossum'
import type { BreakerFactory, ServiceProxyManager } from '@svcproxy/core'
import type { RequestListener } from 'node:http'
import type { Framework, HttpVariant } from './contenders.ts'
import { createEntities, type Entities } from './entities.ts'
import { bareExpress, handWiredExpress, proxiedExpress } from './express-apps.ts'
import { bareFastify, handWiredFastify, proxiedFastify } from './fastify-apps.ts'
import { type HandWiredEntities, wireEntitiesByHand } from './hand-wired-entities.ts'
import { bareKoa, handWiredKoa, proxiedKoa } from './koa-apps.ts'
import { proxyEntities } from './proxied-entities.ts'

/** One handler in one framework, with or without protection. */
export interface Application {
  readonly listener: RequestListener
  /** What the protection counted; undefined where there is none. */
  counts(): Promise<GuardCounts | undefined>
  stop(): Promise<void>
}

/** Calls by their end. */
interface GuardCounts {
  readonly succeeded: number
  readonly failed: number
  /** Refused by the circuit: the service was not asked. */
  readonly rejected: number
}

interface Builders {
  bare(entities: Entities): RequestListener
  proxied(manager: ServiceProxyManager<{ entities: Entities }>): RequestListener
  handWired(entities: HandWiredEntities): RequestListener
}

const BUILDERS: Readonly<Record<Framework, Builders>> = {
  express: { bare: bareExpress, proxied: proxiedExpress, handWired: handWiredExpress },
  koa: { bare: bareKoa, proxied: proxiedKoa, handWired: handWiredKoa },
  fastify: { bare: bareFastify, proxied: proxiedFastify, handWired: handWiredFastify },
}

/** Makes one of the twelve applications. */
export function createApplication(framework: Framework, variant: HttpVariant): Application {
  const builders = BUILDERS[framework]
  switch (variant) {
    case 'bare':
      return { listener: builders.bare(createEntities()), counts: async () => undefined, stop: async () => {} }
    case 'svcproxy native':
      return proxied(builders, nativeBreaker())
    case 'svcproxy opossum':
      return proxied(builders, opossumBreaker())
    case 'by hand':
      return handWired(builders)
  }
}

function proxied(builders: Builders, breaker: BreakerFactory): Application {
  const manager = proxyEntities(breaker)
  return {
    listener: builders.proxied(manager),
    async counts() {
      const metrics = manager.getProxy('entities').getMetrics()
      return {
        succeeded: metrics.successfulRequests,
        failed: metrics.failedRequests,
        rejected: metrics.rejectedRequests,
      }
    },
    stop: () => manager.stop(),
  }
}

function handWired(builders: Builders): Application {
  const entities = wireEntitiesByHand()
  return {
    listener: builders.handWired(entities),
    async counts() {
      const metric = await entities.registry.getSingleMetric('entities_find_total')?.get()
      const count = (outcome: string): number =>
        metric?.values.find(({ labels }) => labels['outcome'] === outcome)?.value ?? 0
      return { succeeded: count('success'), failed: count('failure'), rejected: count('rejected') }
    },
    stop: async () => entities.shutdown(),
  }
}
