import { InvalidOptionError } from '@svcproxy/core'
import type { ServiceProxyManager } from '@svcproxy/core'
import { Membership } from './membership.ts'
import type { Fleet } from './fleet.ts'
import { resolveFleetOptions } from './options.ts'
import type { FleetOptions } from './options.ts'

/**
 * Makes the services of a manager part of a fleet: the processes that have the same store and namespace. Resolves when
 * the store was read, so that no instance is served that was invalidated before. If the store cannot be reached, it
 * resolves after `joinTimeoutMs`: the process then works on its own, and joins as soon as it can.
 * @param manager with its services already added
 * @throws {@link InvalidOptionError} (as a rejection) when an option is invalid, or the manager is already in a fleet or
 * was stopped
 */
export async function joinFleet<M extends object>(
  manager: ServiceProxyManager<M>,
  options: FleetOptions<M>,
): Promise<Fleet<M>> {
  if (manager.stopping) throw new InvalidOptionError('manager', 'a manager that was not stopped', 'a stopped manager')
  const fleet = new Membership(manager, resolveFleetOptions(options))
  await fleet.join()
  return fleet
}
