import type { ServiceView } from '@svcproxy/http'

// What the page says of services: which are unwell, in which order, how many.

/** How a service's circuit is shown; `none`: it has no circuit. */
export type ShownState = NonNullable<ServiceView['circuit']>['state'] | 'none'
/** In which order services are shown. */
export type SortOrder = 'unwell' | 'name' | 'traffic'

/** What the reader asked to see. */
export interface Selection {
  /** Part of a name. */
  readonly text: string
  readonly onlyUnwell: boolean
  readonly order: SortOrder
}

/** How many services are how. */
export interface Totals {
  readonly services: number
  readonly open: number
  readonly halfOpen: number
  readonly isolated: number
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
}

/** What colours mean: well, unwell, on the way, held back, nothing in particular. */
export type Tone = 'good' | 'bad' | 'warn' | 'held' | 'plain'

/** The colour of a state. */
export const STATE_TONE: Readonly<Record<ShownState, Tone>> = {
  closed: 'good',
  open: 'bad',
  half_open: 'warn',
  isolated: 'held',
  none: 'plain',
}

export function stateOf({ circuit }: ServiceView): ShownState {
  return circuit?.state ?? 'none'
}

/** Something that an operator would want to know: the circuit is not closed, or the service is unhealthy. */
export function isUnwell(service: ServiceView): boolean {
  return service.status !== 'pass' || (service.circuit !== null && service.circuit.state !== 'closed')
}

export function totalsOf(services: readonly ServiceView[]): Totals {
  const count = (predicate: (service: ServiceView) => boolean): number => services.filter(predicate).length
  return {
    services: services.length,
    open: count((service) => stateOf(service) === 'open'),
    halfOpen: count((service) => stateOf(service) === 'half_open'),
    isolated: count((service) => stateOf(service) === 'isolated'),
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
  const tone = STATE_TONE[stateOf(service)]
  return tone === 'good' || tone === 'plain' ? 'bad' : tone
}

/** What changed for the worse or the better between two snapshots, in words: for those who listen to the page. */
export function changesBetween(before: readonly ServiceView[], after: readonly ServiceView[]): string[] {
  const known = new Map(before.map((service) => [service.name, service]))
  return after.flatMap((service) => {
    const was = known.get(service.name)
    if (was === undefined) return []
    const changes: string[] = []
    if (stateOf(was) !== stateOf(service)) changes.push(`circuit ${STATE_LABEL[stateOf(service)].toLowerCase()}`)
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

const STATE_URGENCY: Readonly<Record<ShownState, number>> = { open: 8, isolated: 6, half_open: 4, none: 0, closed: 0 }

/** The worst first: what fails the process, then what is rejected, held back, tried again, and unhealthy. */
function urgency(service: ServiceView): number {
  const failing = service.status === 'fail' ? 16 : 0
  return failing + STATE_URGENCY[stateOf(service)] + (isUnwell(service) ? 1 : 0)
}
