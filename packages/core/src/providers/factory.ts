import { checkFunctionOption, checkOptionNames } from '../options.ts'
import { checkServiceName } from '../names.ts'
import { InvalidOptionError } from '../errors.ts'
import type { ServiceProvider } from '../service-provider.ts'

/** How {@link factoryProvider} makes, checks and ends its instances. */
export interface FactoryProviderOptions<T> {
  /** Makes an instance: opens the pool, connects the client. Honour the signal: it aborts at the deadline. */
  readonly create: (context: { readonly signal: AbortSignal }) => T | PromiseLike<T>
  /** Asks the instance whether it is well, for example `pool.query('select 1')`. @defaultValue it is, once it was made */
  readonly checkHealth?: (service: T, context: { readonly signal: AbortSignal }) => boolean | PromiseLike<boolean>
  /** Ends an instance, for example `pool.end()`. @defaultValue its `Symbol.asyncDispose` or `Symbol.dispose`, if it has one */
  readonly dispose?: (service: T) => void | PromiseLike<void>
}

/** A provider that makes its instances itself, and so owns them. */
export function factoryProvider<T>(serviceName: string, options: FactoryProviderOptions<T>): ServiceProvider<T> {
  checkServiceName(serviceName)
  checkOptionNames('factoryProvider', options, ['create', 'checkHealth', 'dispose'])
  const { create, checkHealth, dispose = disposeBySymbol } = options
  if (typeof create !== 'function') throw new InvalidOptionError('create', 'a function', create)
  checkFunctionOption('checkHealth', checkHealth)
  checkFunctionOption('dispose', dispose)
  return {
    serviceName,
    source: 'factory',
    ownership: 'owned',
    getService: (context) => create(context),
    checkHealth: (service, context) =>
      service === undefined || checkHealth === undefined ? true : checkHealth(service, context),
    disposeService: (service) => dispose(service),
  }
}

async function disposeBySymbol(service: unknown): Promise<void> {
  if (typeof service !== 'object' || service === null) return
  const disposable: Partial<AsyncDisposable & Disposable> = service
  if (disposable[Symbol.asyncDispose] !== undefined) await disposable[Symbol.asyncDispose]?.()
  else disposable[Symbol.dispose]?.()
}
