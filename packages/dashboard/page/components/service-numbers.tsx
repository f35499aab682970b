import type { ServiceView } from '@svcproxy/http'
import type { JSX } from 'preact'
import { formatCount, formatDuration, formatExactCount, formatRate, formatRatio, NOTHING } from '../format.ts'
import type { Tone } from '../services.ts'

/** A number that is told of each service. */
export interface ServiceNumber {
  readonly name: string
  readonly of: (service: ServiceView) => JSX.Element | string
}

const counted = (name: string, count: (counts: ServiceView['counts']) => number, tone?: Tone): ServiceNumber => ({
  name,
  of: ({ counts }) => <Count count={count(counts)} tone={tone} />,
})

/** The numbers, each said once for the table, the cards and the page of a service. */
export const NUMBERS = {
  rate: { name: 'Requests/s', of: ({ requestsPerSecond }) => formatRate(requestsPerSecond) },
  p50: { name: 'p50', of: ({ latency }) => percentile(latency.p50Ms, latency.count) },
  p90: { name: 'p90', of: ({ latency }) => percentile(latency.p90Ms, latency.count) },
  p99: { name: 'p99', of: ({ latency }) => percentile(latency.p99Ms, latency.count) },
  inFlight: counted('In flight', ({ inFlight }) => inFlight),
  total: counted('Total', ({ totalRequests }) => totalRequests),
  failed: counted('Failed', ({ failedRequests }) => failedRequests, 'bad'),
  timeouts: counted('Timeouts', ({ timedOutRequests }) => timedOutRequests, 'bad'),
  aborted: counted('Given up', ({ abortedRequests }) => abortedRequests),
  /** Of what was given up: calls and loads. */
  abandoned: counted('Still running', ({ abandonedCalls, abandonedLoads }) => abandonedCalls + abandonedLoads),
  rejected: counted('Rejected', ({ rejectedRequests }) => rejectedRequests, 'held'),
  fallbacks: counted('Fallbacks', ({ fallbacks }) => fallbacks),
  hits: { name: 'Cache hits', of: ({ counts }) => hitRatio(counts) },
} as const satisfies Record<string, ServiceNumber>

/** How often something happened; nothing at all is quiet. */
export function Count({ count, tone }: { readonly count: number; readonly tone?: Tone | undefined }): JSX.Element {
  const exact = formatExactCount(count)
  const short = formatCount(count)
  const shade = tone === undefined ? '' : `toned tone-${tone}`
  return (
    <span class={count === 0 ? 'zero' : shade} title={short === exact ? undefined : exact}>
      {short}
    </span>
  )
}

/** What the cache holds. */
export function cacheState({ cache }: Pick<ServiceView, 'cache'>): string {
  return cache.loading ? 'loading' : cache.state
}

/** None before the first request. */
function percentile(ms: number, count: number): JSX.Element | string {
  return count === 0 ? <span class="zero">{NOTHING}</span> : formatDuration(ms)
}

/** How many requests found an instance in the cache. */
function hitRatio({ cacheHits, staleServed, cacheMisses }: ServiceView['counts']): JSX.Element {
  const found = cacheHits + staleServed
  const gets = found + cacheMisses
  if (gets === 0) return <span class="zero">{NOTHING}</span>
  return (
    <span title={`${formatExactCount(found)} of ${formatExactCount(gets)} requests`}>{formatRatio(found, gets)}</span>
  )
}
