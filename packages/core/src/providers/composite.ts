import { isObject } from '../is-object.ts'
import { InvalidOptionError, ServiceUnavailableError } from '../errors.ts'
import { checkServiceName } from '../names.ts'
import type { ServiceProvider } from './service-provider.ts'

/**
 * A provider that tries others in order and returns the first service it gets. It is healthy if any of them is. When
 * all fail, the error names each of them and keeps all their errors as causes.
 */
export function compositeProvider<T>(
  serviceName: string,
  providers: readonly ServiceProvider<T>[],
): ServiceProvider<T> {
  checkServiceName(serviceName)
  const candidates = [...providers]
  if (candidates.length === 0) throw new InvalidOptionError('providers', 'at least one provider', 'none')
  /** The provider that an instance came from: only that one may check and dispose it. */
  const origins = new WeakMap<object, ServiceProvider<T>>()

  return {
    serviceName,
    ownership: candidates.some((provider) => provider.ownership === 'owned') ? 'owned' : 'borrowed',

    async getService(context) {
      const causes: unknown[] = []
      for (const provider of candidates) {
        try {
          const service = await provider.getService(context)
          if (service !== undefined && service !== null) {
            if (isObject(service)) origins.set(service, provider)
            return service
          }
          causes.push(new ServiceUnavailableError(provider.serviceName, 'its provider returned nothing'))
        } catch (error) {
          causes.push(error)
        }
        if (context.signal.aborted) break
      }
      const tried = candidates.slice(0, causes.length).map((provider) => provider.source ?? provider.serviceName)
      throw new ServiceUnavailableError(serviceName, `all providers failed (${tried.join(', ')})`, {
        cause: new AggregateError(causes, `Every provider of '${serviceName}' failed`),
      })
    },

    async checkHealth(service, context) {
      const origin = isObject(service) ? origins.get(service) : undefined
      if (origin !== undefined) return origin.checkHealth(service, context)
      const checks = candidates.map(async (provider) => provider.checkHealth(undefined, context))
      return (await Promise.allSettled(checks)).some((check) => check.status === 'fulfilled' && check.value)
    },

    async disposeService(service) {
      const origin = isObject(service) ? origins.get(service) : undefined
      if (origin?.ownership === 'owned') await origin.disposeService?.(service)
    },
  }
}
