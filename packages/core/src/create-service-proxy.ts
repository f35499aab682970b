import { InvalidOptionError } from './errors.ts'
import { appStateProvider } from './providers/app-state.ts'
import { compositeProvider } from './providers/composite.ts'
import { registryProvider } from './providers/registry.ts'
import type { RegistryLike } from './providers/registry.ts'
import type { ServiceProvider } from './providers/service-provider.ts'
import { ServiceProxy } from './service-proxy.ts'
import type { ServiceProxyOptions } from './options/service-proxy-options.ts'

/**
 * Options of {@link createServiceProxy}. At least one of `provider`, `registry` and `appState` is needed; they are
 * asked in this order.
 */
export interface CreateServiceProxyOptions<T> extends Omit<ServiceProxyOptions<T>, 'provider'> {
  /** The service's name in the registry, the application's state, metrics and errors. */
  readonly name: string
  /** Asked first, if it is given. */
  readonly provider?: ServiceProvider<T>
  /** The registry that has the service under `name`; or a function that returns the registry, called at each load. */
  readonly registry?: RegistryLike | (() => RegistryLike)
  /**
   * The application's state, which has the service as its property `name`: `app.locals`, `app.context`; or a function
   * that returns it, called at each load.
   */
  readonly appState?: object | (() => object)
}

/**
 * Creates a proxy in one call, for a service in a registry or in the application's state.
 * @throws {@link InvalidOptionError} when an option is invalid, or none of `provider`, `registry` and `appState` is
 * given
 */
export function createServiceProxy<T>(options: CreateServiceProxyOptions<T>): ServiceProxy<T> {
  const { name, provider, registry, appState, ...proxyOptions } = options
  const providers: ServiceProvider<T>[] = []
  if (provider !== undefined) providers.push(provider)
  if (registry !== undefined) providers.push(registryProvider(name, getter(registry)))
  if (appState !== undefined) providers.push(appStateProvider(name, getter(appState)))
  const [first] = providers
  if (first === undefined) throw new InvalidOptionError('provider', 'given, unless registry or appState is', provider)
  return new ServiceProxy(name, {
    ...proxyOptions,
    provider: providers.length === 1 ? first : compositeProvider(name, providers),
  })
}

function getter<S extends object>(given: S | (() => S)): () => S {
  return typeof given === 'function' ? given : () => given
}
