import type { ServiceProxyManager } from '@svcproxy/core'
import { Membership } from './membership.ts'
import type { Fleet } from './fleet.ts'
import { resolveFleetOptions } from './options.ts'
import type { FleetOptions } from './options.ts'

/**
 * Makes the services of a manager part of a fleet, the processes that have the same store and namespace. Resolves when the
 * store was read, so that nothing older than the last invalidation is served; or, if it cannot be reached, after
 * `joinTimeoutMs`: the process goes on by itself and joins as soon as it can.
 * @param manager with its services added
 * @throws {@link InvalidOptionError} (as a rejection) also when the manager is in a fleet
 */
export async function joinFleet<M extends object>(
  manager: ServiceProxyManager<M>,
  options: FleetOptions<M>,
): Promise<Fleet<M>> {
  const fleet = new Membership(manager, resolveFleetOptions(options))
  await fleet.join()
  return fleet
}
