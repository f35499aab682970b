import { nativeBreaker } from '@svcproxy/breaker-native'
import { factoryProvider, ServiceProxyManager } from '@svcproxy/core'
import { hurriedTimers } from './hurried-timers.ts'

/** How many an operator looks at. */
export const OPERATED_SERVICES = 200
/** Two of its intervals in three pass without a call. */
const CALLS_OF_EACH = 20
/** What the management API remembers: five minutes. */
const INTERVALS = 60

/** What each of the services can do. */
export interface OperatedService {
  find(id: number): Promise<number>
  count(): Promise<number>
}

/** {@link OPERATED_SERVICES} behind proxies with the native breaker. */
export type OperatedServices = ServiceProxyManager<Record<string, OperatedService>>

/** None of them was called yet. */
export function createOperatedServices(): OperatedServices {
  const manager = new ServiceProxyManager<Record<string, OperatedService>>({ breaker: nativeBreaker() })
  for (let n = 0; n < OPERATED_SERVICES; n++) {
    const create = (): OperatedService => ({ find: async (id) => id, count: async () => n })
    manager.createProxy(`service${n}`, { provider: factoryProvider(`service${n}`, { create }) })
  }
  return manager
}

/**
 * Lets five minutes pass for what `watch` makes over the services, an endpoint of the management API, within a moment:
 * its history is then as long as it will ever be. Meanwhile each service is called {@link CALLS_OF_EACH} times, by two
 * methods.
 */
export async function watchForFiveMinutes<T>(manager: OperatedServices, watch: () => T): Promise<T> {
  const { result, letPass, release } = hurriedTimers(watch)
  for (let interval = 0; interval < INTERVALS; interval++) {
    if (interval % (INTERVALS / CALLS_OF_EACH) === 0) await callAll(manager, interval % 2 === 0 ? 'find' : 'count')
    letPass()
  }
  release()
  return result
}

/** Calls each of the services once. */
export async function callAll({ services }: OperatedServices, method: keyof OperatedService = 'find'): Promise<void> {
  for (const name in services) await services[name]?.[method](7)
}
