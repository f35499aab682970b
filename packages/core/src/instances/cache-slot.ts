import type { Expiring } from './expiry-watch.ts'
import type { Instance } from './instance-lifetimes.ts'
import type { ResolvedServiceProxyOptions } from '../options/service-proxy-options.ts'

/** The cached instance and how long it may be served. */
export interface Slot<T> extends Expiring {
  readonly instance: Instance<T>
  freshUntil: number
  /** The end of the TTL by itself, without an `expire()`; the stale windows begin here. */
  readonly ttlEndsAt: number
  readonly wallFreshUntil: number
  /** The circuit opened after it was loaded: it has to pass its health check before it is served again. */
  suspect: boolean
}

/** When an instance is no longer fresh, by either clock. */
export type Life = Pick<Slot<unknown>, 'freshUntil' | 'wallFreshUntil'>

/** A TTL from now on, less random jitter. */
export function newLife({
  cacheTtlMs,
  cacheTtlJitterRatio,
  random,
  clock,
}: Pick<ResolvedServiceProxyOptions<unknown>, 'cacheTtlMs' | 'cacheTtlJitterRatio' | 'random' | 'clock'>): Life {
  const lifeMs = cacheTtlMs === Infinity ? Infinity : cacheTtlMs * (1 - cacheTtlJitterRatio * random())
  return { freshUntil: clock.now() + lifeMs, wallFreshUntil: clock.wallNow() + lifeMs }
}

/** Whether a healthy one is kept beyond its TTL. One that was explicitly expired is not. */
export function isRenewable<T>({ instance, freshUntil, ttlEndsAt }: Slot<T>, renew: 'check' | 'replace'): boolean {
  return renew === 'check' && instance.owned && freshUntil === ttlEndsAt
}

/** What the cache holds. */
export interface CacheStatus {
  /** `suspect`: the circuit opened since it was loaded, so it has to pass its health check before it is served again. */
  readonly state: 'empty' | 'fresh' | 'stale' | 'suspect'
  /**
   * How long the instance stays fresh, in milliseconds; 0 unless it is fresh, `Infinity` if it only ends by
   * invalidation.
   */
  readonly freshForMs: number
  /** Whether a load is in flight. */
  readonly loading: boolean
}
