import { checkFunctionOption, checkOptionNames } from '../option-checks.ts'
import { callSignal } from '../attempts/call-signal.ts'
import { checkServiceName } from '../names.ts'
import { InvalidOptionError } from '../errors.ts'
import type { ServiceProvider } from './service-provider.ts'

/** The argument of {@link FactoryProviderOptions.create}. */
export interface CreateContext {
  /** Aborts at the deadline of this load. */
  readonly signal: AbortSignal
  /** {@link callSignal}, for the methods of the created service; they call it when they start. */
  readonly callSignal: () => AbortSignal | undefined
}

/** How {@link factoryProvider} creates, checks and disposes its instances. */
export interface FactoryProviderOptions<T> {
  /**
   * Creates an instance: opens the pool, connects the client. Pass on the signal: it aborts at the deadline. Runs
   * outside every request's async context, because the instance outlives the request that happened to need it first.
   */
  readonly create: (context: CreateContext) => T | PromiseLike<T>
  /** Whether the instance is healthy, for example `pool.query('select 1')`. @defaultValue always healthy */
  readonly checkHealth?: (service: T, context: { readonly signal: AbortSignal }) => boolean | PromiseLike<boolean>
  /**
   * Disposes an instance, for example `pool.end()`.
   * @defaultValue its `Symbol.asyncDispose` or `Symbol.dispose`, if it has one
   */
  readonly dispose?: (service: T) => void | PromiseLike<void>
  /**
   * What happens to an instance at the end of its TTL. `check`: it is kept for another TTL if it passes its health
   * check. `replace`: a new one is created, for services that read configuration or rotating credentials when they are
   * created.
   * @defaultValue 'check' with a `checkHealth`, else 'replace'
   * @throws {@link InvalidOptionError} for 'check' without a `checkHealth`
   */
  readonly renew?: 'check' | 'replace'
}

/** A provider that creates its instances itself, and so owns them. @throws {@link InvalidOptionError} */
export function factoryProvider<T>(serviceName: string, options: FactoryProviderOptions<T>): ServiceProvider<T> {
  checkServiceName(serviceName)
  checkOptionNames('factoryProvider', options, ['create', 'checkHealth', 'dispose', 'renew'])
  const { create, checkHealth, dispose = disposeBySymbol } = options
  const { renew = checkHealth === undefined ? 'replace' : 'check' } = options
  if (typeof create !== 'function') throw new InvalidOptionError('create', 'a function', create)
  checkFunctionOption('checkHealth', checkHealth)
  checkFunctionOption('dispose', dispose)
  if (renew !== 'check' && renew !== 'replace') throw new InvalidOptionError('renew', "'check' or 'replace'", renew)
  if (renew === 'check' && checkHealth === undefined) {
    throw new InvalidOptionError('renew', "'replace', because there is no checkHealth to judge by", renew)
  }
  return {
    serviceName,
    source: 'factory',
    ownership: 'owned',
    renew,
    getService: ({ signal }) => create({ signal, callSignal }),
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
