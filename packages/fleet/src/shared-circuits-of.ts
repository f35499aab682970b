import { InvalidOptionError } from '@svcproxy/core'
import type { ServiceProxyManager } from '@svcproxy/core'
import type { ResolvedFleetOptions } from './options.ts'
import { SharedCircuit } from './shared-circuit.ts'
import type { FleetOfCircuit } from './shared-circuit.ts'

/** How much longer than a call the lease of a probe lasts, in milliseconds. */
const LEASE_MARGIN_MS = 1_000
/** The threshold of a shared circuit if the local one has no `failureThreshold`, only rates. */
const DEFAULT_THRESHOLD = 5

/** @throws {@link InvalidOptionError} when a service does not exist or has no circuit */
export function sharedCircuitsOf<M extends object>(
  manager: ServiceProxyManager<M>,
  { circuits, random }: ResolvedFleetOptions,
  member: string,
  fleet: FleetOfCircuit,
): ReadonlyMap<string, SharedCircuit> {
  return new Map(
    circuits.map((name) => {
      if (!manager.has(name)) {
        throw new InvalidOptionError('circuits', `names of services: ${manager.names.join(', ')}`, name)
      }
      const proxy = manager.getProxy(name)
      const { circuit: settings, timeoutMs } = proxy.settings
      const circuit = proxy.sharedCircuit
      if (settings === false || circuit === undefined) {
        throw new InvalidOptionError('circuits', 'names of services that have a circuit', name)
      }
      const threshold = Number.isFinite(settings.failureThreshold) ? settings.failureThreshold : DEFAULT_THRESHOLD
      const parts = { proxy, circuit, member, random, threshold, recoveryMs: settings.recoveryTimeoutMs, fleet }
      return [name, new SharedCircuit({ ...parts, clock: manager.clock, leaseMs: timeoutMs + LEASE_MARGIN_MS })]
    }),
  )
}
