import type { ManagedFleet, ServiceEvent, ServiceProxy, ServiceProxyManager } from '@svcproxy/core'

/** The part of a proxy that is managed, for a service of any type. */
export type ManagedProxy = Pick<
  ServiceProxy<unknown>,
  | 'name'
  | 'critical'
  | 'settings'
  | 'checkHealth'
  | 'getCounts'
  | 'getMetrics'
  | 'getOverallLatency'
  | 'getStatus'
  | 'invalidateCache'
  | 'expireCache'
  | 'resetCircuitBreaker'
  | 'isolateCircuit'
>

/** A manager without the types of its services. */
export interface ManagedServices {
  readonly stopping: boolean
  /** Undefined: it has joined none. */
  readonly fleet: ManagedFleet | undefined
  /** In the order they were added. */
  all(): ManagedProxy[]
  /** Undefined: there is no service of this name. Any string is allowed. */
  find(name: string): ManagedProxy | undefined
  onAny(listener: (event: ServiceEvent) => void): void
}

export function managedServices<M extends object>(manager: ServiceProxyManager<M>): ManagedServices {
  return {
    get stopping() {
      return manager.stopping
    },
    get fleet() {
      return manager.fleet
    },
    all: () => manager.names.map((name) => manager.getProxy(name)),
    find: (name) => (manager.has(name) ? manager.getProxy(name) : undefined),
    onAny: (listener) => void manager.onAny(listener),
  }
}
