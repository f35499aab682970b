import { type Clock, type ServiceProxyManager, systemClock } from '@svcproxy/core'
import type { HttpEndpoint } from '../message.ts'
import { accessGateBy } from './access-gate.ts'
import { checkManagementOptions } from './check-options.ts'
import type { ManagementOptions } from './options.ts'
import { refusal } from './responses.ts'

/**
 * The management API of a manager's services: answers everything under `<basePath>/api/`, and nothing else. Whoever may
 * not see or act is refused before anything else is said, apart from actions of other origins.
 * @throws {@link InvalidOptionError}
 */
export function managementEndpoints<M extends object, R = unknown>(
  manager: ServiceProxyManager<M>,
  options: ManagementOptions<R>,
): HttpEndpoint<R> {
  return managementBy(manager, options, systemClock)
}

/** {@link managementEndpoints} by any clock. */
export function managementBy<M extends object, R = unknown>(
  _manager: ServiceProxyManager<M>,
  options: ManagementOptions<R>,
  clock: Clock,
): HttpEndpoint<R> {
  checkManagementOptions(options)
  const admit = accessGateBy(options, clock)
  const prefix = `${options.basePath ?? ''}/api/`
  return (request) => {
    if (!request.path.startsWith(prefix)) return undefined
    return admit(request.original, 'read').then((decision) =>
      decision.allowed ? refusal(404, 'There is nothing here.') : decision.response,
    )
  }
}
