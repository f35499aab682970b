import type { TracedLoad } from '../observing/load-trace.ts'
import type { CacheResult } from '../observing/service-metrics.ts'
import type { Instance } from './instance-lifetimes.ts'

/** One attempt to load, and those who wait for it. */
export interface Flight<T> {
  readonly promise: Promise<Instance<T>>
  /** The cached instance it checks again, if it does. */
  readonly candidate: Instance<T> | undefined
  readonly trace: TracedLoad | undefined
  waiters: number
  instance: Instance<T> | undefined
  /** `expire()` was called while it was on its way: what it brings is stale at once. */
  expired: boolean
  /** `suspect()` was called while it was on its way: what it brings has to prove its health once more. */
  suspected: boolean
}

/** An instance a caller may use. It holds a lease, to be given back with {@link InstanceLifetimes.release}. */
export interface Acquired<T> {
  readonly instance: Instance<T>
  readonly result: CacheResult
}
