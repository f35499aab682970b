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

/** Options of {@link registryProvider}. */
export interface RegistryProviderOptions<T> extends BorrowedProviderOptions<T> {
  /**
   * The name that the service has in the registry, if that is another one: the registry can then offer the guarded
   * service under the name that the application uses. @defaultValue the name of the service
   */
  readonly registeredAs?: string
}

/**
 * A provider that looks up its service by name. The registry still owns the service.
 * @throws {@link InvalidOptionError}
 */
export function registryProvider<T>(
  serviceName: string,
  getRegistry: () => RegistryLike,
  options: RegistryProviderOptions<T> = {},
): ServiceProvider<T> {
  if (typeof getRegistry !== 'function') throw new InvalidOptionError('getRegistry', 'a function', getRegistry)
  checkOptionNames('options', options, ['checkHealth', 'registeredAs'])
  const { registeredAs = serviceName, ...borrowed } = options
  if (typeof registeredAs !== 'string') throw new InvalidOptionError('registeredAs', 'a string', registeredAs)
  return borrowedProvider({ serviceName, source: 'registry', options: borrowed }, async () => {
    const registry = getRegistry()
    const found = 'has' in registry ? registry.has(registeredAs) : registry.hasRegistration(registeredAs)
    if (!found) throw new ServiceUnavailableError(serviceName, `the registry has no service named ${registeredAs}`)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is registered under a name is the caller's word
    return ('has' in registry ? registry.get(registeredAs) : registry.resolve(registeredAs)) as T
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
