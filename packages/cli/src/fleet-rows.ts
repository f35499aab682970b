import { stateText } from './circuit-words.ts'
import type { Fleet, Member, Report, SharedCircuit } from './fleet-answer.ts'
import { countText } from './quantities.ts'

/** A service that is not entirely healthy in some process of a fleet, or whose shared circuit is open. */
export interface FleetRow {
  readonly service: string
  /** Undefined: the fleet has reported none. */
  readonly shared: SharedCircuit | undefined
  /** The processes by state, the worst state first; processes that report nothing are left out. */
  readonly groups: readonly Group[]
}

interface Group {
  readonly state: Report['state']
  readonly members: readonly Member[]
}

/** The worst first. */
const STATES: readonly Report['state'][] = ['open', 'isolated', 'half_open', 'closed', 'disabled']
/** If more processes are in one state, they are not named. */
const MOST_NAMES = 3

/** @param order the names of services in display order; other names come after them */
export function fleetRows({ members, circuits }: Fleet, order: readonly string[]): FleetRow[] {
  const open = circuits.filter(({ state }) => state === 'open').map(({ service }) => service)
  const unwell = new Set([...open, ...members.flatMap(({ services }) => Object.keys(services))])
  const names = [...new Set([...order, ...unwell])].filter((name) => unwell.has(name))
  return names.map((service) => ({
    service,
    shared: circuits.find((circuit) => circuit.service === service),
    groups: STATES.map((state) => ({
      state,
      members: members.filter((member) => reportOf(member, service)?.state === state),
    })).filter((group) => group.members.length > 0),
  }))
}

/** Undefined: it is healthy, or the process has no such service. */
export function reportOf({ services }: Member, service: string): Report | undefined {
  return Object.hasOwn(services, service) ? services[service] : undefined
}

/** How many processes are in which state: `18 open, 1 half-open`. */
export function countsText({ groups }: FleetRow): string {
  return groups.map(({ state, members }) => `${countText(members.length)} ${reportText(state)}`).join(', ')
}

/** The names of the processes if there are few: `half-open: web-3`. @param names the names by id */
export function namesText({ groups }: FleetRow, names: ReadonlyMap<string, string>): string {
  return groups
    .filter(({ members }) => members.length <= MOST_NAMES)
    .map(({ state, members }) => `${reportText(state)}: ${members.map(({ id }) => names.get(id)).join(', ')}`)
    .join('; ')
}

/** In one word; a closed circuit is only reported after failures. */
export function reportText(state: Report['state']): string {
  return state === 'closed' ? 'failing' : stateText(state)
}
