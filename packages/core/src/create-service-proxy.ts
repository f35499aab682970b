import { InvalidOptionError } from './errors.ts'
import { appStateProvider } from './providers/app-state.ts'
import { compositeProvider } from './providers/composite.ts'
import { registryProvider } from './providers/registry.ts'
import type { RegistryLike } from './providers/registry.ts'
import type { ServiceProvider } from './providers/service-provider.ts'
import { ServiceProxy } from './service-proxy.ts'
import type { ServiceProxyOptions } from './options/service-proxy-options.ts'

/** Where the service comes from: at least one of `provider`, `registry` and `appState`, asked in this order. */
export interface CreateServiceProxyOptions<T> extends Omit<ServiceProxyOptions<T>, 'provider'> {
  /** What the service is called in the registry, the application's state, metrics and errors. */
  readonly name: string
  /** Asked first, if there is one. */
  readonly provider?: ServiceProvider<T>
  /** Where the service is registered under `name`; or a function that returns it, asked at each load. */
  readonly registry?: RegistryLike | (() => RegistryLike)
  /**
   * The application's state, of which the service is the property `name`: `app.locals`, `app.context`; or a function that
   * returns it, asked at each load.
   */
  readonly appState?: object | (() => object)
}

/**
 * A proxy in one call: the registry first, the application's state as fallback.
 * @throws {@link InvalidOptionError}
 */
export function createServiceProxy<T>(options: CreateServiceProxyOptions<T>): ServiceProxy<T> {
  const { name, provider, registry, appState, ...proxyOptions } = options
  const providers: ServiceProvider<T>[] = []
  if (provider !== undefined) providers.push(provider)
  if (registry !== undefined) providers.push(registryProvider(name, getter(registry)))
  if (appState !== undefined) providers.push(appStateProvider(name, getter(appState)))
  const [first] = providers
  if (first === undefined) throw new InvalidOptionError('provider', 'given, or registry, or appState', provider)
  return new ServiceProxy(name, {
    ...proxyOptions,
    provider: providers.length === 1 ? first : compositeProvider(name, providers),
  })
}

function getter<S extends object>(given: S | (() => S)): () => S {
  return typeof given === 'function' ? given : () => given
}
