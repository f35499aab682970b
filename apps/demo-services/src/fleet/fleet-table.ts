import type { CircuitState } from '@svcproxy/core'
import type { FleetState } from '@svcproxy/fleet'
import type { Tally } from '../story/ledger.ts'
import { CIRCUIT_TONES, number, slowest, titles } from '../story/row.ts'
import type { Table } from '../story/row.ts'
import { print, tone } from '../story/terminal.ts'

/** The contents of a row. */
export interface FleetRow {
  /** The responses since the previous row, of all processes. */
  readonly tally: Tally
  /** Calls to the database since the previous row. */
  readonly calls: number
  /** One per process. */
  readonly circuits: readonly CircuitState[]
  readonly states: readonly FleetState[]
}

export const CIRCUIT_MARKS: Readonly<Record<CircuitState, string>> = {
  closed: '●',
  half_open: '◐',
  open: '○',
  isolated: '✖',
}

/** A title and the width of its column. */
const COLUMNS = [
  ['ok', 5],
  ['last known', 11],
  ['503', 5],
  ['error', 6],
  ['slowest', 8],
  ['to db', 6],
] as const
const CIRCUIT_WIDTH = 3
const CIRCUITS_TITLE = '  circuit'

/** The requests per second, and the state of each process. */
export class FleetTable implements Table {
  readonly #size: number
  readonly #read: () => Promise<FleetRow>

  constructor(size: number, read: () => Promise<FleetRow>) {
    this.#size = size
    this.#read = read
  }

  printHeader(): void {
    const numbers = Array.from({ length: this.#size }, (_, index) => String(index + 1).padStart(CIRCUIT_WIDTH))
    const indent = ''.padEnd('   time '.length + titles(COLUMNS).length + 2)
    print(tone('dim', `${indent}${CIRCUITS_TITLE}`))
    print(tone('dim', `   time ${titles(COLUMNS)}  ${numbers.join('').padEnd(this.#circuitsWidth)}  fleet`))
  }

  async printRow(seconds: number): Promise<void> {
    const { tally, calls, circuits, states } = await this.#read()
    const marks = circuits.map((state) => tone(CIRCUIT_TONES[state], CIRCUIT_MARKS[state].padStart(CIRCUIT_WIDTH)))
    const cells = [
      `${seconds.toFixed(1)} s`.padStart(7),
      ' ',
      number(tally.live, 5),
      number(tally.lastKnown, 11, 'cyan'),
      number(tally.refused, 5, 'yellow'),
      number(tally.failed, 6, 'red'),
      slowest(tally.longestMs),
      number(calls, 6),
      '  ',
      marks.join(''),
      ''.padEnd(this.#circuitsWidth - circuits.length * CIRCUIT_WIDTH),
      '  ',
      standing(states),
    ]
    print(cells.join(''))
  }

  get #circuitsWidth(): number {
    return Math.max(this.#size * CIRCUIT_WIDTH, CIRCUITS_TITLE.length)
  }
}

/** One word, if it is the same for all. */
function standing(states: readonly FleetState[]): string {
  const connected = states.filter((state) => state === 'connected').length
  if (connected === states.length) return tone('green', 'connected')
  if (states.every((state) => state === 'degraded')) return tone('yellow', 'degraded')
  return tone('yellow', `${connected} of ${states.length} connected`)
}
