import { checkServiceName } from '../names.ts'
import { checkFunctionOption, checkOptionNames } from '../options.ts'
import { InvalidOptionError, ServiceUnavailableError } from '../errors.ts'
import type { ServiceProvider } from '../service-provider.ts'

/** What a registry must offer: our `ServiceRegistry` and a `Map` do, and so does an awilix container. */
export type RegistryLike =
  | { has(name: string): boolean; get(name: string): unknown }
  | { hasRegistration(name: string): boolean; resolve(name: string): unknown }

/** What a provider of borrowed services can be told beside where to look. */
export interface BorrowedProviderOptions<T> {
  /** Asks the service whether it is well. @defaultValue it is, once it was found */
  readonly checkHealth?: (service: T, context: { readonly signal: AbortSignal }) => boolean | PromiseLike<boolean>
}

/** A provider that looks its service up by name. The registry keeps owning it. */
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
    return 'has' in registry ? registry.get(serviceName) : registry.resolve(serviceName)
  })
}

/** @internal What the providers of borrowed services share. */
export function borrowedProvider<T>(
  { serviceName, source, options }: { serviceName: string; source: string; options: BorrowedProviderOptions<T> },
  find: () => Promise<unknown>,
): ServiceProvider<T> {
  checkServiceName(serviceName)
  checkOptionNames('options', options, ['checkHealth'])
  const { checkHealth } = options
  checkFunctionOption('checkHealth', checkHealth)
  return {
    serviceName,
    source,
    ownership: 'borrowed',
    // The one place where the type rests on the caller's word: what is registered under a name is not known here.
    getService: () => find() as Promise<T>,
    async checkHealth(service, context) {
      if (checkHealth === undefined) return service !== undefined || (await find()) !== undefined
      return checkHealth(service ?? ((await find()) as T), context)
    },
  }
}
