import type { Tally } from '../story/ledger.ts'
import { Narration } from '../story/narration.ts'
import { duration } from '../story/terminal.ts'
import { fetchReply } from '../story/traffic.ts'
import type { DemoFleet } from './demo-fleet.ts'
import { FLAG } from './flag-file.ts'
import { FleetCircuits } from './fleet-circuits.ts'
import type { CircuitChange } from './fleet-circuits.ts'
import { FleetTable } from './fleet-table.ts'
import type { FleetRow } from './fleet-table.ts'
import { FleetTraffic } from './fleet-traffic.ts'
import type { MemberProcess } from './member-process.ts'
import { now } from './messages.ts'
import type { Standing } from './messages.ts'
import { all } from './words.ts'

/** The speed of the story. */
export interface Pace {
  /** The time between two rows, in milliseconds. */
  readonly rowEveryMs: number
  /** How many trials have to fail before the database comes back. */
  readonly failingTrials: number
}

export const DEMO_PACE: Pace = { rowEveryMs: 1_000, failingTrials: 3 }

/** How often to check whether something has happened, in milliseconds. */
const LOOK_EVERY_MS = 10
/** How long a process may take to report the flag, in milliseconds. */
const PATIENCE_MS = 10_000

/** What all processes of a fleet together have sent to the database. */
export type Sent = Pick<Standing, 'calls' | 'failed'>

/** The stage for the story of a fleet: its traffic, its processes, and the output. */
export class FleetStage extends Narration {
  readonly fleet: DemoFleet
  readonly pace: Pace
  readonly traffic: FleetTraffic
  readonly circuits: FleetCircuits
  readonly #table: FleetTable
  #callsAtLastRow = 0
  #actBeganAt = now()

  constructor(fleet: DemoFleet, signal: AbortSignal, pace: Pace) {
    super(signal, pace.rowEveryMs)
    this.fleet = fleet
    this.pace = pace
    this.traffic = new FleetTraffic(fleet.url, fleet.members.length)
    this.circuits = new FleetCircuits(fleet.members)
    this.circuits.onChange((change) => this.#circuitChanged(change))
    this.#table = new FleetTable(fleet.members.length, () => this.#row())
  }

  get members(): readonly MemberProcess[] {
    return this.fleet.members
  }

  /** Begins an act with a table of its requests. */
  begin(title: string): void {
    this.#actBeganAt = now()
    this.act(title, this.#table)
  }

  /** The time between the first and the last process whose circuit has entered this state in this act. */
  spreadOf(state: 'open' | 'closed'): string {
    const times = this.circuits.changesTo(state, this.#actBeganAt).map(({ at }) => at)
    return duration(Math.max(...times) - Math.min(...times))
  }

  /** One member, by its index, and the others. */
  pick(index: number): { readonly member: MemberProcess; readonly others: readonly MemberProcess[] } {
    const member = this.members[index]
    if (member === undefined) throw new RangeError(`There are ${this.members.length} members`)
    return { member, others: this.members.filter((other) => other !== member) }
  }

  /** When the act began, in milliseconds since 1970. */
  get actBeganAt(): number {
    return this.#actBeganAt
  }

  standings(): Promise<Standing[]> {
    return Promise.all(this.members.map((member) => member.standing()))
  }

  async sent(): Promise<Sent> {
    const standings = await this.standings()
    const sum = (key: keyof Sent): number => standings.reduce((total, standing) => total + standing[key], 0)
    return { calls: sum('calls'), failed: sum('failed') }
  }

  /** Resolves with whether all members meet the condition, at the latest after `patienceMs`. */
  async untilAll(areSo: (standing: Standing) => boolean, patienceMs: number): Promise<boolean> {
    const impatientAt = performance.now() + patienceMs
    for (;;) {
      if ((await this.standings()).every(areSo)) return true
      if (performance.now() > impatientAt) return false
      await this.pause(LOOK_EVERY_MS)
    }
  }

  /** Sends one request to each process, so that its connections are open. */
  async warmUp(): Promise<void> {
    await Promise.all(
      this.members.map(({ url }) => fetchReply(`${url}/entities`, { headers: { Connection: 'close' } })),
    )
  }

  /** Whether the flag is on in each process, in their order; each is asked directly, not through the shared port. */
  flags(): Promise<boolean[]> {
    return Promise.all(
      this.members.map(async ({ url }) => {
        const signal = AbortSignal.timeout(PATIENCE_MS)
        const response = await fetch(`${url}/features/${FLAG}`, { headers: { Connection: 'close' }, signal })
        return (await response.text()).includes('"enabled":true')
      }),
    )
  }

  /** The requests that were answered during `happens`. */
  async tallyOf(happens: () => Promise<unknown>): Promise<Pick<Tally, 'requests' | 'live'>> {
    const { requests, live } = this.traffic.ledger.total
    await happens()
    const { total } = this.traffic.ledger
    return { requests: total.requests - requests, live: total.live - live }
  }

  #circuitChanged({ member, from, to }: CircuitChange): void {
    const { circuits } = this
    const count = this.members.length
    const everywhere = `in ${all(count)} processes`
    const tries = to === 'half_open' && circuits.states.filter((state) => state === 'open').length === count - 1
    if (tries) {
      this.event('◐', `${member.label} probes for all: it admits one trial call at a time`, 'yellow')
    } else if (from === 'half_open' && to === 'open') {
      this.event('○', `open again ${everywhere}: the trial of ${member.label} failed`, 'red')
    } else if (from === 'closed' && circuits.are('open')) {
      this.event('○', `the circuit is open ${everywhere}, ${this.spreadOf('open')} after the first`, 'red')
    } else if (to === 'closed' && circuits.are('closed')) {
      this.event('●', `the circuit is closed ${everywhere}, ${this.spreadOf('closed')} after the first`, 'green')
    }
  }

  async #row(): Promise<FleetRow> {
    const standings = await this.standings()
    const calls = standings.reduce((total, standing) => total + standing.calls, 0)
    const row = {
      tally: this.traffic.ledger.takeRecent(performance.now()),
      calls: calls - this.#callsAtLastRow,
      circuits: this.circuits.states,
      states: standings.map(({ state }) => state),
    }
    this.#callsAtLastRow = calls
    return row
  }
}
