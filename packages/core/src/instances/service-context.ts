import type { Guard } from '../circuit/guard.ts'
import type { ServiceEvents } from '../observing/events.ts'
import type { RequestCounters } from '../observing/service-metrics.ts'
import type { ResolvedServiceProxyOptions } from '../options/service-proxy-options.ts'

/** What the parts of one proxy share: its identity, settings, guard, counters and events. */
export interface ServiceContext<T> {
  /** The proxy itself; traces tell services of the same name apart by it. */
  readonly proxy: { readonly name: string }
  readonly settings: ResolvedServiceProxyOptions<T>
  readonly guard: Guard
  readonly counters: RequestCounters
  readonly events: ServiceEvents
}
