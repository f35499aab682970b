import { isSvcproxyError } from '@svcproxy/core'
import type { ServiceProxy } from '@svcproxy/core'
import { admitsAllCalls } from '@svcproxy/core/adapter'
import type { CallTrace } from '@svcproxy/core/adapter'

/** Replaces a name that may be anything, for example user input. */
export const UNKNOWN_METHOD = '$unknown'
/** A service of the manager. */
type ManagedService = Pick<ServiceProxy<unknown>, 'getStatus'>

/** Whether a call ended because the service has no such method. */
export function isOfNoMethod({ outcome, error }: CallTrace): boolean {
  return outcome === 'rejected' && error !== undefined && !isSvcproxyError(error)
}

/** Selects the calls to the services of one manager from all calls of the process. */
export class ManagedCalls {
  readonly #find: (service: string) => ManagedService | undefined
  /** By proxy, because a proxy of another manager may have the same name; undefined: not of this manager. */
  readonly #services = new WeakMap<object, ManagedService | undefined>()

  constructor(find: (service: string) => ManagedService | undefined) {
    this.#find = find
  }

  /** Works for loads as well, which have the same properties. */
  has(call: Pick<CallTrace, 'proxy' | 'service'>): boolean {
    return this.#serviceOf(call) !== undefined
  }

  /** Whether a call that begins is a `get()` with a fresh instance: it takes no time and asks nobody. */
  isCached(call: CallTrace): boolean {
    if (call.method !== '$get') return false
    const status = this.#serviceOf(call)?.getStatus()
    if (status?.cache.state !== 'fresh') return false
    return admitsAllCalls(status.circuit)
  }

  #serviceOf({ proxy, service }: Pick<CallTrace, 'proxy' | 'service'>): ManagedService | undefined {
    const known = this.#services.get(proxy)
    if (known !== undefined || this.#services.has(proxy)) return known
    // A proxy is in its manager's list before its first call, so one that is not found now never will be.
    const found = this.#find(service)
    const managed = found === proxy ? found : undefined
    this.#services.set(proxy, managed)
    return managed
  }
}
