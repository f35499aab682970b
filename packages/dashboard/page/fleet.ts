import type { FleetCircuitView, FleetMemberView, FleetView, ServiceView, Snapshot } from '@svcproxy/http'
import { inWords, type ShownState, STATE_TONE, STATE_URGENCY, type Tone } from './services.ts'

// What the page says of a fleet: each service in each process.

/** How a service does in one process. */
export interface FleetCell {
  readonly state: ShownState
  /** In a row, while the circuit is closed. */
  readonly failures: number
}

/** One service in all processes. */
export interface FleetRow {
  readonly service: string
  /** Whether the process that is shown has it, and so a page of it. */
  readonly isHere: boolean
  /** Null: the fleet does not share its circuit, or has not reported it. */
  readonly circuit: FleetCircuitView | null
  /** In the order of the members; null: nothing to report. */
  readonly cells: readonly (FleetCell | null)[]
  /** How many processes have which trouble; null: none has. */
  readonly summary: { readonly words: string; readonly tone: Tone } | null
}

/** All reported services; those with problems in most processes first, then in their own order. */
export function fleetRows({ services, fleet }: Pick<Snapshot, 'services'> & { readonly fleet: FleetView }): FleetRow[] {
  const { members, circuits } = fleet
  const here = new Map(services.map((service) => [service.name, service]))
  const names = new Set([
    ...here.keys(),
    ...circuits.map(({ service }) => service),
    ...members.flatMap((member) => Object.keys(member.services)),
  ])
  return [...names]
    .map((service) => {
      const cells = members.map((member) => cellOf(member, service, here.get(service)))
      const circuit = circuits.find((shared) => shared.service === service) ?? null
      return { service, isHere: here.has(service), circuit, cells, summary: summaryOf(cells) }
    })
    .sort((a, b) => urgency(b) - urgency(a))
}

/** What happens to an invalidation while the store is unreachable. */
export const TOLD_LATER = 'the others are told when the store can be reached again.'

/** All of a fleet, as far as it is known: `all 4 processes`. */
export function allOf({ members }: FleetView): string {
  return members.length > 1 ? `all ${members.length} processes` : 'all processes'
}

/**
 * What the labels of a fleet begin with, when they are long: up to the last mark that is common to all of them. Names of
 * containers differ at their end.
 */
export function commonStart(labels: readonly string[]): string {
  const [first = '', ...others] = labels
  const starts = [...first.matchAll(/[-.:_/]/g)].map(({ index }) => first.slice(0, index + 1))
  return starts.findLast((start) => start.length > 6 && others.every((label) => label.startsWith(start))) ?? ''
}

/** Who has the probe of a circuit that the fleet shares; it may have left since. */
export function proberOf({ member, members, circuits }: FleetView, service: string): string {
  const probe = circuits.find((circuit) => circuit.service === service)?.probe ?? null
  if (probe === null) return 'nobody yet'
  if (probe.member === member) return 'this process'
  return members.find(({ id }) => id === probe.member)?.label ?? 'another process'
}

/** Whether the process is a member of the fleet, connected or not. */
export function isMember(fleet: FleetView | null): fleet is FleetView {
  return fleet !== null && fleet.state !== 'left'
}

/** A report does not say that a circuit only observes: the process that is shown knows of its own. */
function cellOf({ services }: FleetMemberView, service: string, here: ServiceView | undefined): FleetCell | null {
  const report = Object.hasOwn(services, service) ? services[service] : undefined
  if (report === undefined) return null
  const { state, failures } = report
  if (state === 'disabled') return { state: 'none', failures }
  const observes = here?.circuit?.mode === 'observe' && state !== 'isolated'
  return { state: observes ? 'observing' : state, failures }
}

/** `open in 3 of 4`, `open in all 4, failing in 1`: the same trouble everywhere is seen at once. */
function summaryOf(cells: readonly (FleetCell | null)[]): FleetRow['summary'] {
  const parts = (['open', 'isolated', 'half_open', 'closed'] as const).flatMap((state) => {
    const count = cells.filter((cell) => cell?.state === state && (state !== 'closed' || cell.failures > 0)).length
    return count === 0 ? [] : [{ state, count }]
  })
  const [worst] = parts
  if (worst === undefined) return null
  const words = parts.map(({ state, count }, index) => {
    const of = index === 0 ? ` of ${cells.length}` : ''
    return `${state === 'closed' ? 'failing' : inWords(state)} in ${count === cells.length ? `all ${count}` : count + of}`
  })
  return { words: words.join(', '), tone: worst.state === 'closed' ? 'warn' : STATE_TONE[worst.state] }
}

/** By the sum over all processes; what the fleet holds open is open everywhere. */
function urgency({ cells, circuit }: FleetRow): number {
  const own = cells.reduce(
    (sum, cell) => sum + (cell === null ? 0 : STATE_URGENCY[cell.state] + Math.sign(cell.failures)),
    0,
  )
  return own + (circuit?.state === 'open' ? 1 : 0)
}
