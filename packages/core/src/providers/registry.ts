import { checkServiceName } from '../names.ts'
import { checkFunctionOption, checkOptionNames } from '../option-checks.ts'
import { InvalidOptionError, ServiceUnavailableError } from '../errors.ts'
import type { ServiceProvider } from './service-provider.ts'

/** What a registry must offer: `ServiceRegistry`, a `Map` and an awilix container have it. */
export type RegistryLike =
  | { has(name: string): boolean; get(name: string): unknown }
  | { hasRegistration(name: string): boolean; resolve(name: string): unknown }

/** Options of a provider of borrowed services. */
export interface BorrowedProviderOptions<T> {
  /** Whether the service is healthy. @defaultValue always healthy */
  readonly checkHealth?: (service: T, context: { readonly signal: AbortSignal }) => boolean | PromiseLike<boolean>
}

/**
 * A provider that looks up its service by name. The registry still owns the service.
 * @throws {@link InvalidOptionError}
 */
export function registryProvider<T>(
  serviceName: string,
  getRegistry: () => RegistryLike,
  options: BorrowedProviderOptions<T> = {},
): ServiceProvider<T> {
  if (typeof getRegistry !== 'function') throw new InvalidOptionError('getRegistry', 'a function', getRegistry)
  return borrowedProvider({ serviceName, source: 'registry', options }, async () => {
    const registry = getRegistry()
    const found = 'has' in registry ? registry.has(serviceName) : registry.hasRegistration(serviceName)
    if (!found) throw new ServiceUnavailableError(serviceName, 'the registry has no service of this name')
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is registered under a name is the caller's word
    return ('has' in registry ? registry.get(serviceName) : registry.resolve(serviceName)) as T
  })
}

/** @internal What the providers of borrowed services share. */
export function borrowedProvider<T>(
  { serviceName, source, options }: { serviceName: string; source: string; options: BorrowedProviderOptions<T> },
  find: () => Promise<T>,
): ServiceProvider<T> {
  checkServiceName(serviceName)
  checkOptionNames('options', options, ['checkHealth'])
  const { checkHealth } = options
  checkFunctionOption('checkHealth', checkHealth)
  return {
    serviceName,
    source,
    ownership: 'borrowed',
    getService: find,
    async checkHealth(service, context) {
      const found = service ?? (await find())
      return checkHealth === undefined ? found !== undefined && found !== null : checkHealth(found, context)
    },
  }
}
