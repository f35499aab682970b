import type { CircuitState } from '@svcproxy/core'
import type { MemberProcess } from './member-process.ts'

/** A change of a circuit in one process. */
export interface CircuitChange {
  readonly member: MemberProcess
  readonly from: CircuitState
  readonly to: CircuitState
  /** In milliseconds since 1970. */
  readonly at: number
}

/** The circuit of the service that reads from the database, in each process, as the processes tell of it. */
export class FleetCircuits {
  readonly #changes: CircuitChange[] = []
  readonly #states: Map<MemberProcess, CircuitState>
  readonly #listeners = new Set<(change: CircuitChange) => void>()

  constructor(members: readonly MemberProcess[]) {
    this.#states = new Map(members.map((member) => [member, 'closed']))
    for (const member of members) {
      member.onEvent((event) => {
        if (event.type === 'circuit') this.#changed({ member, from: event.from, to: event.to, at: event.at })
      })
    }
  }

  /** In the order of the processes. */
  get states(): readonly CircuitState[] {
    return [...this.#states.values()]
  }

  are(state: CircuitState): boolean {
    return this.states.every((one) => one === state)
  }

  /** Tells `listener` of each change from now on, when it is in force here. */
  onChange(listener: (change: CircuitChange) => void): void {
    this.#listeners.add(listener)
  }

  /** Resolves when all are in this state, or are already. */
  async untilAll(state: CircuitState): Promise<void> {
    if (!this.are(state)) await this.#next(() => this.are(state))
  }

  /** Resolves when so many trials have failed, from now on. */
  async untilTrialsFail(count: number): Promise<void> {
    const hasFailed = ({ from, to }: CircuitChange): boolean => from === 'half_open' && to === 'open'
    for (let index = 0; index < count; index++) await this.#next(hasFailed)
  }

  /** Those that have come to this state since `since`, first things first. */
  changesTo(state: CircuitState, since: number): CircuitChange[] {
    return this.#changes.filter(({ to, at }) => to === state && at >= since).toSorted((one, other) => one.at - other.at)
  }

  #next(wanted: (change: CircuitChange) => boolean): Promise<CircuitChange> {
    return new Promise((resolve) => {
      const listener = (change: CircuitChange): void => {
        if (!wanted(change)) return
        this.#listeners.delete(listener)
        resolve(change)
      }
      this.#listeners.add(listener)
    })
  }

  #changed(change: CircuitChange): void {
    this.#changes.push(change)
    this.#states.set(change.member, change.to)
    for (const listener of this.#listeners) listener(change)
  }
}
