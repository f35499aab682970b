import type { ServiceView } from '@svcproxy/http'
import type { JSX } from 'preact'
import { formatCount, formatDuration, formatExactCount, formatRate, formatRatio, NOTHING } from '../format.ts'
import { hasRetries, type Tone } from '../services.ts'
import { Fact, Under } from './fact.tsx'

/** A number that is shown for each service. */
export interface ServiceNumber {
  readonly name: string
  readonly of: (service: ServiceView) => JSX.Element | string
  /** Whether it is shown for a service. @defaultValue for every service */
  readonly isToldOf?: (service: ServiceView) => boolean
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
  retries: { name: 'Retries', of: ({ counts }) => retried(counts), isToldOf: hasRetries },
  denied: { ...counted('Denied', ({ retries }) => retries.denied, 'bad'), isToldOf: hasRetries },
  timeouts: counted('Timeouts', ({ timedOutRequests }) => timedOutRequests, 'bad'),
  aborted: counted('Aborted', ({ abortedRequests }) => abortedRequests),
  /** Abandoned calls and loads. */
  abandoned: counted('Still running', ({ abandonedCalls, abandonedLoads }) => abandonedCalls + abandonedLoads),
  rejected: counted('Rejected', ({ rejectedRequests }) => rejectedRequests, 'held'),
  fallbacks: counted('Fallbacks', ({ fallbacks }) => fallbacks),
  hits: { name: 'Cache hits', of: ({ counts }) => hitRatio(counts) },
} as const satisfies Record<string, ServiceNumber>

/** The numbers that are shown for a service, for a `dl`. */
export function Numbers(props: {
  readonly numbers: readonly ServiceNumber[]
  readonly service: ServiceView
}): JSX.Element {
  const { numbers, service } = props
  return (
    <>
      {numbers
        .filter(({ isToldOf }) => isToldOf?.(service) !== false)
        .map(({ name, of }) => (
          <Fact key={name} name={name}>
            {of(service)}
          </Fact>
        ))}
    </>
  )
}

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

/** Retries that were made, and those that the service answered. */
function retried({ retries: { success, failure } }: ServiceView['counts']): JSX.Element {
  const made = success + failure
  return (
    <>
      <Count count={made} />
      {made > 0 && <Under>{formatCount(success)} answered</Under>}
    </>
  )
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
