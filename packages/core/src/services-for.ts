import type { AbortSource } from './attempts/abort-source.ts'
import type { CallerOptions } from './options/caller-options.ts'
import type { GuardedServices, ServiceProxyManager } from './service-proxy-manager.ts'

/** The caller on whose behalf a binding calls. */
export interface CallerSource {
  /**
   * Like {@link CallerOptions.signal}, read at each call, but cheaper to create for each request than an `AbortSignal`.
   */
  readonly signal?: AbortSource | undefined
}

/** {@link ServiceProxyManager.servicesWith} for a binding that has something lighter than an `AbortSignal` for each request. */
export function servicesFor<M extends object>(
  manager: Pick<ServiceProxyManager<M>, 'servicesWith'>,
  caller: CallerSource,
): GuardedServices<M> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a call asks no more of a signal than an AbortSource has
  return manager.servicesWith(caller as CallerOptions)
}
