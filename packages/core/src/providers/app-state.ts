import { InvalidOptionError, ServiceUnavailableError } from '../errors.ts'
import type { ServiceProvider } from './service-provider.ts'
import { borrowedProvider } from './registry.ts'
import type { BorrowedProviderOptions } from './registry.ts'

/**
 * A provider that reads its service from an application's state: `app.locals` of Express, `app.context` of Koa, or any
 * other object. The application still owns the service.
 */
export function appStateProvider<T>(
  serviceName: string,
  getState: () => object,
  options: BorrowedProviderOptions<T> = {},
): ServiceProvider<T> {
  if (typeof getState !== 'function') throw new InvalidOptionError('getState', 'a function', getState)
  return borrowedProvider({ serviceName, source: 'app state', options }, async () => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the state holds is the caller's word
    const service = Reflect.get(getState(), serviceName) as T
    if (service !== undefined && service !== null) return service
    throw new ServiceUnavailableError(serviceName, 'the application state has no service of this name')
  })
}
