import { isSvcproxyError } from '@svcproxy/core'
import type { CallTrace, ServiceStatus } from '@svcproxy/core'

/** The most methods of a service that go by their own names; the others are {@link OTHER_METHODS}. */
const MAX_METHODS = 64
const OTHER_METHODS = '$other'
/** A name that is no method of the service: it may be anything, a user's input for example. */
const UNKNOWN_METHOD = '$unknown'

/** A service of the manager. */
interface ManagedService {
  readonly proxy: { getStatus(): ServiceStatus }
  readonly methods: Set<string>
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
    if (status === undefined || status.stopped || status.cache.state !== 'fresh') return false
    return status.circuit === undefined || status.circuit.state === 'closed'
  }

  /** What the method of a call that has ended is called; there are at most 66 names of a service. */
  methodOf(call: CallTrace): string {
    const { method, outcome, error } = call
    if (outcome === 'rejected' && error !== undefined && !isSvcproxyError(error)) return UNKNOWN_METHOD
    const methods = this.#serviceOf(call)?.methods
    if (methods === undefined || methods.has(method)) return method
    if (methods.size >= MAX_METHODS) return OTHER_METHODS
    methods.add(method)
    return method
  }

  #serviceOf({ proxy, service }: CallTrace): ManagedService | undefined {
    const known = this.#services.get(proxy)
    if (known !== undefined || this.#services.has(proxy)) return known
    // A proxy stands in its manager's list before its first call, so what is not found now never will be.
    const found = this.#find(service)
    const managed = found === proxy ? { proxy: found, methods: new Set<string>() } : undefined
    this.#services.set(proxy, managed)
    return managed
  }
}
