import type { Guard } from '../circuit/guard.ts'
import type { ServiceEvents } from '../observing/events.ts'
import type { RequestCounters } from '../observing/service-metrics.ts'
import type { ResolvedServiceProxyOptions } from '../options/service-proxy-options.ts'

/** What the parts of one service share: who it is, how it is set up, what guards it, what is counted, and who hears of it. */
export interface ServiceContext<T> {
  /** The proxy, by which traces tell services of the same name apart. */
  readonly proxy: { readonly name: string }
  readonly settings: ResolvedServiceProxyOptions<T>
  readonly guard: Guard
  readonly counters: RequestCounters
  readonly events: ServiceEvents
}
