import type { CircuitRow, ServiceRow } from './answers.ts'
import { retriesOf } from './call-words.ts'
import { NONE, STATES } from './circuit-cells.ts'
import { isObserving, nearestRule, noteText, stateText } from './circuit-words.ts'
import { plainText } from './plain-text.ts'
import { countText, latencyText, rateText, spanText } from './quantities.ts'
import type { Cell, Column } from './table.ts'

/**
 * The columns for retries and a queue are only there if a service has values for them.
 * @param now by the clock of the server, in milliseconds since the epoch
 */
export function serviceColumns(services: readonly ServiceRow[], now: number): readonly Column<ServiceRow>[] {
  const left = { align: 'left' } as const
  const right = { align: 'right' } as const
  return [
    { title: 'service', ...left, rank: 0, minWidth: 8, maxWidth: 32, cell: nameCell },
    { title: 'state', ...left, rank: 0, minWidth: 11, cell: stateCell },
    { title: 'since', ...right, rank: 5, minWidth: 6, cell: ({ circuit }) => ageCell(circuit?.since, now) },
    { title: 'fail', ...right, rank: 2, cell: failuresCell },
    { title: 'note', ...left, rank: 5.5, cell: ({ circuit, stopped }) => noteCell(stopped ? null : circuit, now) },
    { title: 'req/s', ...right, rank: 3, cell: rateCell },
    { title: 'p50', ...right, rank: 11, minWidth: 5, cell: ({ latency }) => latencyCell(latency, latency.p50Ms) },
    { title: 'p90', ...right, rank: 10, minWidth: 5, cell: ({ latency }) => latencyCell(latency, latency.p90Ms) },
    { title: 'p99', ...right, rank: 6, minWidth: 5, cell: ({ latency }) => latencyCell(latency, latency.p99Ms) },
    { title: 't/o', ...right, rank: 8, cell: ({ counts }) => countCell(counts.timedOutRequests) },
    { title: 'rej', ...right, rank: 7, cell: ({ counts }) => countCell(counts.rejectedRequests) },
    ...(services.some((row) => retriesOf(row) !== undefined) ? RETRY_COLUMNS : []),
    ...(services.some(({ queue }) => queue !== null) ? QUEUE_COLUMNS : []),
    { title: 'fb', ...right, rank: 12, cell: ({ counts }) => countCell(counts.fallbacks) },
    { title: 'hit', ...right, rank: 9, minWidth: 4, cell: hitCell },
    { title: 'health', ...left, rank: 1, cell: healthCell },
    {
      title: 'last error',
      ...left,
      rank: 4,
      minWidth: 20,
      flexible: true,
      cell: ({ lastFailure }) => failureCell(lastFailure, now),
    },
  ]
}

const RETRY_COLUMNS: readonly Column<ServiceRow>[] = [
  { title: 'retry', align: 'right', rank: 6.5, cell: retriesCell },
  { title: 'denied', align: 'right', rank: 4.5, cell: deniedCell },
]

const QUEUE_COLUMNS: readonly Column<ServiceRow>[] = [
  { title: 'queue', align: 'right', rank: 4.6, cell: queueCell },
  { title: 'wait', align: 'right', rank: 8.5, minWidth: 5, cell: waitCell },
]

/** Only the last health checks. @param now as for {@link serviceColumns} */
export function healthColumns(now: number): readonly Column<ServiceRow>[] {
  return [
    { title: 'service', align: 'left', rank: 0, minWidth: 8, maxWidth: 60, cell: nameCell },
    { title: 'health', align: 'left', rank: 0, minWidth: 8, cell: healthCell },
    { title: 'checked', align: 'right', rank: 1, minWidth: 7, cell: ({ health }) => ageCell(health?.at, now) },
    { title: 'critical', align: 'left', rank: 2, cell: ({ critical }) => ({ text: critical ? 'yes' : 'no' }) },
  ]
}

/** The name of an error, of its cause, and its message. */
export function failureText(failure: Omit<NonNullable<ServiceRow['lastFailure']>, 'at'>): string {
  const { cause, message } = failure
  const title = cause === null ? titleOf(failure) : `${titleOf(failure)} (${titleOf(cause)})`
  return plainText(message === null || message === '' ? title : `${title}: ${message}`)
}

/** Its class, or its code if the class says nothing. */
function titleOf({ name, code }: { readonly name: string; readonly code: string | null }): string {
  return code !== null && (name === 'Error' || name === '') ? code : name
}

function nameCell({ name }: ServiceRow): Cell {
  return { text: plainText(name) }
}

function stateCell({ circuit, stopped }: ServiceRow): Cell {
  if (stopped) return { text: '□ stopped', style: 'dim' }
  if (circuit === null) return { text: '– none', style: 'dim' }
  return isObserving(circuit) ? observingCell(circuit.state) : STATES[circuit.state]
}

/** Not the symbol, word or colour of a circuit that protects a service. */
function observingCell(state: CircuitRow['state']): Cell {
  return { text: state === 'closed' ? '◌ observing' : `◌ observing: ${stateText(state)}`, style: 'cyan' }
}

function noteCell(circuit: ServiceRow['circuit'], now: number): Cell {
  const note = circuit && noteText(circuit, now)
  return note === null || note === undefined ? NONE : { text: note }
}

function ageCell(at: string | undefined, now: number): Cell {
  return at === undefined ? NONE : { text: spanText(now - Date.parse(at)) }
}

/** Failures are only counted while the circuit is closed. */
function failuresCell({ circuit }: ServiceRow): Cell {
  if (circuit?.state !== 'closed') return NONE
  const { text, isBad } = nearestRule(circuit)
  return isBad ? { text, style: 'yellow' } : { text }
}

function rateCell({ requestsPerSecond }: ServiceRow): Cell {
  return requestsPerSecond === null ? NONE : { text: rateText(requestsPerSecond) }
}

function latencyCell({ count }: ServiceRow['latency'], ms: number): Cell {
  return count === 0 ? NONE : { text: latencyText(ms) }
}

function countCell(count: number): Cell {
  return count === 0 ? { text: '0', style: 'dim' } : { text: countText(count) }
}

function retriesCell(row: ServiceRow): Cell {
  const retries = retriesOf(row)
  return retries === undefined ? NONE : countCell(retries)
}

/** Retries that the budget, the circuit or the capacity did not allow. */
function deniedCell({ retryBudget, counts: { retries } }: ServiceRow): Cell {
  if (retryBudget === null) return NONE
  return retries.denied === 0 ? countCell(0) : { text: countText(retries.denied), style: 'red' }
}

/** Queued calls and the maximum; when the queue is full, the next call is rejected. */
function queueCell({ queue }: ServiceRow): Cell {
  if (queue === null) return NONE
  const { waiting, max } = queue
  const text = `${countText(waiting)}/${countText(max)}`
  if (waiting === 0) return { text, style: 'dim' }
  return waiting === max ? { text, style: 'red' } : { text }
}

/** The 99th percentile of the waits of queued calls. */
function waitCell({ queue }: ServiceRow): Cell {
  return queue === null ? NONE : latencyCell(queue.wait, queue.wait.p99Ms)
}

/** The share of requests that found a fresh instance. */
function hitCell({ counts: { cacheHits, cacheMisses, staleServed } }: ServiceRow): Cell {
  const gets = cacheHits + cacheMisses + staleServed
  return gets === 0 ? NONE : { text: `${Math.floor((cacheHits / gets) * 100)}%` }
}

function healthCell({ health, critical }: ServiceRow): Cell {
  if (health === null) return NONE
  if (health.healthy) return { text: 'pass', style: 'green' }
  return { text: critical ? 'failed!' : 'failed', style: 'red' }
}

function failureCell(failure: ServiceRow['lastFailure'], now: number): Cell {
  if (failure === null) return NONE
  return { text: `${spanText(now - Date.parse(failure.at))} ago ${failureText(failure)}` }
}
