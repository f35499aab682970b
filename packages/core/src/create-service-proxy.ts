import { InvalidOptionError } from './errors.ts'
import { appStateProvider } from './providers/app-state.ts'
import { compositeProvider } from './providers/composite.ts'
import { registryProvider } from './providers/registry.ts'
import type { RegistryLike } from './providers/registry.ts'
import type { ServiceProvider } from './service-provider.ts'
import { ServiceProxy } from './service-proxy.ts'
import type { ServiceProxyOptions } from './service-proxy-options.ts'

/** Where the service comes from: at least one of `provider`, `registry` and `appState`, asked in this order. */
export interface CreateServiceProxyOptions<T> extends Omit<ServiceProxyOptions<T>, 'provider'> {
  readonly name: string
  readonly provider?: ServiceProvider<T>
  /** Where the service is registered under `name`. */
  readonly registry?: RegistryLike
  /** The application's state, of which the service is the property `name`: `app.locals`, `app.context`. */
  readonly appState?: object
}

/**
 * A proxy in one call: the registry first, the application's state as fallback.
 * @throws {@link InvalidOptionError}
 */
export function createServiceProxy<T>(options: CreateServiceProxyOptions<T>): ServiceProxy<T> {
  const { name, provider, registry, appState, ...proxyOptions } = options
  const providers: ServiceProvider<T>[] = []
  if (provider !== undefined) providers.push(provider)
  if (registry !== undefined) providers.push(registryProvider(name, () => registry))
  if (appState !== undefined) providers.push(appStateProvider(name, () => appState))
  const [first] = providers
  if (first === undefined) throw new InvalidOptionError('provider', 'given, or registry, or appState', provider)
  return new ServiceProxy(name, {
    ...proxyOptions,
    provider: providers.length === 1 ? first : compositeProvider(name, providers),
  })
}
