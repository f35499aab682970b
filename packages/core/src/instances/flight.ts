import type { TracedLoad } from '../observing/load-trace.ts'
import type { CacheResult } from '../observing/service-metrics.ts'
import type { Instance } from './instance-lifetimes.ts'

/** A load in flight, and the callers that wait for it. */
export interface Flight<T> {
  readonly promise: Promise<Instance<T>>
  /** The cached instance that it checks, if there is one to check. */
  readonly candidate: Instance<T> | undefined
  readonly trace: TracedLoad | undefined
  waiters: number
  instance: Instance<T> | undefined
  /** `expire()` was called during the load: the instance that it brings is stale at once. */
  expired: boolean
  /** `suspect()` was called during the load: the instance that it brings has to pass its health check once more. */
  suspected: boolean
}

/** An instance that a caller may use. It holds a lease; give it back with {@link InstanceLifetimes.release}. */
export interface Acquired<T> {
  readonly instance: Instance<T>
  readonly result: CacheResult
}
