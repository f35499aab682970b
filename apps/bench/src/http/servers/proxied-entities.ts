import { type BreakerFactory, factoryProvider, ServiceProxyManager } from '@svcproxy/core'
import { createEntities, type Entities } from './entities.ts'

/** The service behind this library's proxy, with the defaults: deadline 5 s, instance kept for 5 min, circuit. */
export function proxyEntities(breaker: BreakerFactory): ServiceProxyManager<{ entities: Entities }> {
  return new ServiceProxyManager({ breaker }).add('entities', {
    provider: factoryProvider<Entities>('entities', { create: createEntities }),
  })
}
