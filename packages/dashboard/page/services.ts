import type { ServiceView, TimelineEvent } from '@svcproxy/http'
import { formatCount, formatDuration, formatRatio } from './format.ts'

// The services of the page: which have problems, in which order, how many.

type Circuit = NonNullable<ServiceView['circuit']>

/** How a service's circuit is shown; `none`: it has no circuit; `observing`: it rejects nothing in any state. */
export type ShownState = Circuit['state'] | 'none' | 'observing'
/** In which order services are shown. */
export type SortOrder = 'unwell' | 'name' | 'traffic'

/** What the reader asked to see. */
export interface Selection {
  /** Part of a name. */
  readonly text: string
  readonly onlyUnwell: boolean
  readonly order: SortOrder
}

/** The number of services by state. */
export interface Totals {
  readonly services: number
  readonly inState: Readonly<Record<ShownState, number>>
  readonly unhealthy: number
  readonly unwell: number
}

/** How a state is called. */
export const STATE_LABEL: Readonly<Record<ShownState, string>> = {
  closed: 'Closed',
  open: 'Open',
  half_open: 'Half-open',
  isolated: 'Isolated',
  none: 'No circuit',
  observing: 'Observing only',
}

/** What colours mean: well, unwell, on the way, held back, not in force, nothing in particular. */
export type Tone = 'good' | 'bad' | 'warn' | 'held' | 'watch' | 'plain'

/** The colour of a state. */
export const STATE_TONE: Readonly<Record<ShownState, Tone>> = {
  closed: 'good',
  open: 'bad',
  half_open: 'warn',
  isolated: 'held',
  none: 'plain',
  observing: 'watch',
}

export function stateOf({ circuit }: Pick<ServiceView, 'circuit'>): ShownState {
  if (circuit === null) return 'none'
  // An isolation holds all the same.
  return circuit.mode === 'observe' && circuit.state !== 'isolated' ? 'observing' : circuit.state
}

/** `half-open`; `would be half-open` of a circuit that only observes. */
export function stateWords(view: Pick<ServiceView, 'circuit'>): string {
  const shown = stateOf(view)
  return shown === 'observing' ? `would be ${inWords(view.circuit?.state ?? 'none')}` : inWords(shown)
}

/** How the state is shown that a circuit has entered. */
export function stateAfter({ from, to, observed }: Extract<TimelineEvent, { readonly type: 'circuit' }>): ShownState {
  return observed && from !== 'isolated' && to !== 'isolated' ? 'observing' : to
}

/** Where the window of a rule stands, in the words that stand beside its bar, and in a sentence. */
export function rateWords(rate: Circuit['rates'][number]): {
  readonly part: string
  readonly limit: string
  readonly sentence: string
} {
  const { kind, bad, calls, threshold, minimumCalls } = rate
  const part = formatRatio(bad, calls)
  const limit = formatRatio(threshold, 1)
  const what = kind === 'slow' ? 'slow' : 'failed'
  const sentence = `${part} of ${calls} calls ${what}; opens at ${limit} of ${minimumCalls} or more`
  return { part, limit: `${limit} ${what}`, sentence }
}

/** Whether there is anything to say of retries: a call was made that may be retried. */
export function hasRetries({ retryBudget }: Pick<ServiceView, 'retryBudget'>): boolean {
  return retryBudget !== null
}

/** How many more retries the budget allows now, and how many there were. Without calls, an empty budget is no problem. */
export function budgetWords({ calls, retries, remaining }: NonNullable<ServiceView['retryBudget']>): {
  readonly left: string
  readonly isTrouble: boolean
  readonly spent: string
} {
  return {
    left: `${remaining === 0 ? 'none' : formatCount(remaining)} left`,
    isTrouble: remaining === 0 && calls > 0,
    spent: `${formatCount(retries)} for ${formatCount(calls)} calls in 10 s`,
  }
}

/** How many calls wait, and how long they had to; null: none has. A full queue refuses the next one. */
export function queueWords({ waiting, max, wait }: NonNullable<ServiceView['queue']>): {
  readonly waiting: string
  readonly isFull: boolean
  readonly wait: string | null
} {
  return {
    waiting: `${formatCount(waiting)} of ${formatCount(max)} waiting`,
    isFull: waiting === max,
    wait: wait.count === 0 ? null : `wait p99 ${formatDuration(wait.p99Ms)}`,
  }
}

/** A state within a sentence. */
export function inWords(state: ShownState): string {
  return STATE_LABEL[state].toLowerCase()
}

/** Something that an operator would want to know: the circuit holds calls back, or the service is unhealthy. */
export function isUnwell(service: ServiceView): boolean {
  return service.status !== 'pass' || STATE_URGENCY[stateOf(service)] > 0
}

export function totalsOf(services: readonly ServiceView[]): Totals {
  const count = (predicate: (service: ServiceView) => boolean): number => services.filter(predicate).length
  const inState = { closed: 0, open: 0, half_open: 0, isolated: 0, none: 0, observing: 0 }
  for (const service of services) inState[stateOf(service)]++
  return {
    services: services.length,
    inState,
    unhealthy: count(({ health }) => health?.healthy === false),
    unwell: count(isUnwell),
  }
}

/** The services that the selection lets through, in its order; equal ones in the order they were added. */
export function select(services: readonly ServiceView[], { text, onlyUnwell, order }: Selection): ServiceView[] {
  const wanted = text.trim().toLowerCase()
  return services
    .filter((service) => service.name.toLowerCase().includes(wanted) && (!onlyUnwell || isUnwell(service)))
    .sort(COMPARE[order])
}

/** The colour of an unwell service as a whole: that of its circuit, unless the circuit has nothing to say. */
export function toneOf(service: ServiceView): Tone {
  const state = stateOf(service)
  return STATE_URGENCY[state] > 0 ? STATE_TONE[state] : 'bad'
}

/** What changed for the worse or the better between two snapshots, in words: for those who listen to the page. */
export function changesBetween(before: readonly ServiceView[], after: readonly ServiceView[]): string[] {
  const known = new Map(before.map((service) => [service.name, service]))
  return after.flatMap((service) => {
    const was = known.get(service.name)
    if (was === undefined) return []
    const changes: string[] = []
    if (stateWords(was) !== stateWords(service)) changes.push(`circuit ${stateWords(service)}`)
    if (service.health !== null && (was.health?.healthy ?? true) !== service.health.healthy) {
      changes.push(service.health.healthy ? 'healthy again' : 'unhealthy')
    }
    return changes.length === 0 ? [] : [`${service.name}: ${changes.join(', ')}`]
  })
}

const byName = (a: ServiceView, b: ServiceView): number => a.name.localeCompare(b.name, 'en', { numeric: true })

const COMPARE: Readonly<Record<SortOrder, (a: ServiceView, b: ServiceView) => number>> = {
  unwell: (a, b) => urgency(b) - urgency(a),
  name: byName,
  traffic: (a, b) => (b.requestsPerSecond ?? 0) - (a.requestsPerSecond ?? 0),
}

/** The urgency of a state; 0: no problem. */
export const STATE_URGENCY: Readonly<Record<ShownState, number>> = {
  open: 8,
  isolated: 6,
  half_open: 4,
  none: 0,
  closed: 0,
  observing: 0,
}

/** The worst first: what fails the process, then what is rejected, held back, tried again, and unhealthy. */
function urgency(service: ServiceView): number {
  const failing = service.status === 'fail' ? 16 : 0
  return failing + STATE_URGENCY[stateOf(service)] + (isUnwell(service) ? 1 : 0)
}
