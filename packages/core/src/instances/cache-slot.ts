import type { Expiring } from './expiry-watch.ts'
import type { Instance } from './instance-lifetimes.ts'
import type { ResolvedServiceProxyOptions } from '../options/service-proxy-options.ts'

/** The cached instance and how long it is good for. */
export interface Slot<T> extends Expiring {
  readonly instance: Instance<T>
  freshUntil: number
  /** Where freshness ends by itself, before anybody expired it; the stale windows end relative to it. */
  readonly ttlEndsAt: number
  readonly wallFreshUntil: number
  /** The circuit opened since it was loaded: it has to prove its health before it is served again. */
  suspect: boolean
}

/** When an instance is no longer fresh, by either clock. */
export type Life = Pick<Slot<unknown>, 'freshUntil' | 'wallFreshUntil'>

/** A TTL from now on, less what chance takes off. */
export function newLife({
  cacheTtlMs,
  cacheTtlJitterRatio,
  random,
  clock,
}: Pick<ResolvedServiceProxyOptions<unknown>, 'cacheTtlMs' | 'cacheTtlJitterRatio' | 'random' | 'clock'>): Life {
  const lifeMs = cacheTtlMs === Infinity ? Infinity : cacheTtlMs * (1 - cacheTtlJitterRatio * random())
  return { freshUntil: clock.now() + lifeMs, wallFreshUntil: clock.wallNow() + lifeMs }
}

/** Whether it is kept beyond its TTL when it is well. One that somebody expired is not. */
export function isRenewable<T>({ instance, freshUntil, ttlEndsAt }: Slot<T>, renew: 'check' | 'replace'): boolean {
  return renew === 'check' && instance.owned && freshUntil === ttlEndsAt
}

/** What the cache holds. */
export interface CacheStatus {
  /** `suspect`: the circuit opened since it was loaded, so it has to pass its health check before it is served again. */
  readonly state: 'empty' | 'fresh' | 'stale' | 'suspect'
  /** How long the instance is still fresh, in milliseconds; 0 unless it is, `Infinity` until it is invalidated. */
  readonly freshForMs: number
  /** Whether a load is under way. */
  readonly loading: boolean
}
