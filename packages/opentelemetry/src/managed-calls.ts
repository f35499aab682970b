import { isSvcproxyError } from '@svcproxy/core'
import type { CallTrace, ServiceProxy } from '@svcproxy/core'

/** In place of a name that may be anything, a user's input for example. */
export const UNKNOWN_METHOD = '$unknown'
/** What core counts all methods under that come after the first 64. */
const OTHER_METHODS = '$other'

/** A service of the manager. */
interface ManagedService {
  readonly proxy: Pick<ServiceProxy<unknown>, 'getMetrics' | 'getStatus'>
  /** Those that were seen to run, and what core names `get()` and `call()`. */
  readonly methods: Set<string>
  /** There are as many as there may be. */
  isFull: boolean
}

/** Whether a call ended because the service has no such method. */
export function isOfNoMethod({ outcome, error }: CallTrace): boolean {
  return outcome === 'rejected' && error !== undefined && !isSvcproxyError(error)
}

/** Of all calls of the process, those to the services of one manager. */
export class ManagedCalls {
  readonly #find: (service: string) => ManagedService['proxy'] | undefined
  /** By proxy, so that one of another manager is told apart although its name is the same; undefined: not ours. */
  readonly #services = new WeakMap<object, ManagedService | undefined>()

  constructor(find: (service: string) => ManagedService['proxy'] | undefined) {
    this.#find = find
  }

  has(call: CallTrace): boolean {
    return this.#serviceOf(call) !== undefined
  }

  /** Whether a call that begins is a `get()` with a fresh instance at hand: it takes no time and asks nobody. */
  isCached(call: CallTrace): boolean {
    if (call.method !== '$get') return false
    const status = this.#serviceOf(call)?.proxy.getStatus()
    if (status?.cache.state !== 'fresh') return false
    return status.circuit === undefined || status.circuit.state === 'closed'
  }

  /**
   * What the method of a call that has ended is called in a metric. Only one that was seen to run has its own name: of a
   * call that was refused, or for which no instance could be had, nobody knows whether the service has the method. Core
   * measures those that ran, and at most 64 of them.
   */
  methodOf(call: CallTrace): string {
    const service = this.#serviceOf(call)
    const { method, outcome } = call
    if (service === undefined || service.methods.has(method)) return method
    // Without asking core, which takes its time: refusals come by the thousands.
    if (outcome === 'rejected') return UNKNOWN_METHOD
    if (service.isFull) return OTHER_METHODS
    const { latency } = service.proxy.getMetrics()
    if (Object.hasOwn(latency, method)) {
      service.methods.add(method)
      return method
    }
    service.isFull = Object.hasOwn(latency, OTHER_METHODS)
    return service.isFull ? OTHER_METHODS : UNKNOWN_METHOD
  }

  #serviceOf({ proxy, service }: CallTrace): ManagedService | undefined {
    const known = this.#services.get(proxy)
    if (known !== undefined || this.#services.has(proxy)) return known
    // A proxy stands in its manager's list before its first call, so what is not found now never will be.
    const found = this.#find(service)
    const managed = found === proxy ? { proxy: found, methods: new Set(['$get', '$call']), isFull: false } : undefined
    this.#services.set(proxy, managed)
    return managed
  }
}
