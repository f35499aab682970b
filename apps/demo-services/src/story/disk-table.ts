import type { RetryOutcome } from '@svcproxy/core'
import { addTo, emptyTally } from './ledger.ts'
import type { Ledger, Side, Tally } from './ledger.ts'
import { number, titles } from './row.ts'
import type { Table } from './row.ts'
import { print, tone } from './terminal.ts'

type Ledgers = Readonly<Record<Side, Ledger>>
type Retries = Readonly<Record<RetryOutcome, number>>

export interface DiskTableParts {
  readonly reads: Ledgers
  readonly commands: Ledgers
  /** Of the reads, since the application started. */
  readonly countRetries: () => Retries
}

/** The responses of both sides. */
export interface Seen {
  readonly reads: Readonly<Record<Side, Tally>>
  readonly commands: Readonly<Record<Side, Tally>>
  readonly retries: Retries
}

/** A title and the width of its column. */
const PLAIN = [
  ['ok', 4],
  ['error', 6],
] as const
const PROXIED_READS = [
  ['ok', 4],
  ['last known', 11],
  ['error', 6],
  ['retries', 8],
  ['denied', 7],
] as const
const PROXIED_COMMANDS = [
  ['ok', 4],
  ['503', 4],
  ['error', 6],
] as const

/** Reads, commands and retries. */
export class DiskTable implements Table {
  readonly #parts: DiskTableParts
  readonly #reads = bothSides()
  readonly #commands = bothSides()
  readonly #retriesAtStart: Retries
  #retries: Retries
  #last: Seen

  constructor(parts: DiskTableParts) {
    this.#parts = parts
    this.#retriesAtStart = this.#retries = parts.countRetries()
    // Earlier responses are not part of it.
    this.#last = this.#takeRecent()
  }

  /** Of all rows. */
  get total(): Seen {
    return { reads: this.#reads, commands: this.#commands, retries: minus(this.#retries, this.#retriesAtStart) }
  }

  /** Of the last row. */
  get last(): Seen {
    return this.#last
  }

  printHeader(): void {
    print(tone('dim', `${''.padEnd(10)}${'STANDARD'.padEnd(24)}PROXIED`))
    print(tone('dim', `${''.padEnd(10)}${'reads'.padEnd(12)}${'commands'.padEnd(12)}${'reads'.padEnd(38)}commands`))
    const columns = [PLAIN, PLAIN, PROXIED_READS, PROXIED_COMMANDS].map(titles)
    print(tone('dim', `   time ${columns.join('  ')}`))
  }

  printRow(seconds: number): void {
    const seen = (this.#last = this.#takeRecent())
    this.#add(seen)
    const { reads, commands, retries } = seen
    const cells = [
      `${seconds.toFixed(1)} s`.padStart(7),
      ' ',
      ...plainCells(reads.standard),
      '  ',
      ...plainCells(commands.standard),
      '  ',
      number(reads.proxied.live, 4),
      number(reads.proxied.lastKnown, 11, 'cyan'),
      number(reads.proxied.failed + reads.proxied.refused, 6, 'red'),
      number(retries.success + retries.failure, 8, 'cyan'),
      number(retries.denied, 7, 'yellow'),
      '  ',
      number(commands.proxied.live, 4),
      number(commands.proxied.refused, 4, 'yellow'),
      number(commands.proxied.failed, 6, 'red'),
    ]
    print(cells.join(''))
  }

  #takeRecent(): Seen {
    const { reads, commands, countRetries } = this.#parts
    const before = this.#retries
    const now = (this.#retries = countRetries())
    return { reads: recentOf(reads), commands: recentOf(commands), retries: minus(now, before) }
  }

  #add({ reads, commands }: Seen): void {
    for (const side of ['standard', 'proxied'] as const) {
      addTo(this.#reads[side], reads[side])
      addTo(this.#commands[side], commands[side])
    }
  }
}

function plainCells({ live, failed, refused }: Tally): string[] {
  return [number(live, 4), number(failed + refused, 6, 'red')]
}

function recentOf({ standard, proxied }: Ledgers): Record<Side, Tally> {
  const now = performance.now()
  return { standard: standard.takeRecent(now), proxied: proxied.takeRecent(now) }
}

function minus(counts: Retries, before: Retries): Retries {
  return {
    success: counts.success - before.success,
    failure: counts.failure - before.failure,
    denied: counts.denied - before.denied,
  }
}

function bothSides(): Record<Side, Tally> {
  return { standard: emptyTally(), proxied: emptyTally() }
}
