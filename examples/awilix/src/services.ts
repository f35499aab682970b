// What is new: proxies of services that the container goes on making and owning.
import type { IncomingMessage } from 'node:http'
import { nativeBreaker } from '@svcproxy/breaker-native'
import { httpFailure, registryProvider, ServiceProxyManager } from '@svcproxy/core'
import { bindServices } from '@svcproxy/express'
import { asFunction, type AwilixContainer } from 'awilix'
import type { Cradle } from './container.ts'
import type { Stock } from './stock.ts'

export function guard(container: AwilixContainer<Cradle>) {
  const manager = new ServiceProxyManager({ breaker: nativeBreaker() }).add('stock', {
    provider: registryProvider<Stock>('stock', () => container), // resolved when it is first called
    timeoutMs: 500,
    circuit: { isFailure: httpFailure, failureThreshold: 3, recoveryTimeoutMs: 1_000, successThreshold: 1 },
  })
  const services = bindServices(manager)

  /** A scope for one request, in which each guarded service stands in for the container's own, under the same name. */
  const scopeOf = (req: IncomingMessage) => {
    const scope = container.createScope()
    return scope.register({ stock: asFunction(() => services.from(req).stock) })
  }
  return { manager, services, scopeOf }
}
