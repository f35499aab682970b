import type { CircuitState } from '@svcproxy/core'
import type { Side, Tally } from './ledger.ts'
import { duration, print, tone } from './terminal.ts'

/** Shows the traffic of an act, row by row. */
export interface Table {
  printHeader(): void
  /** Prints what has come since the previous row. @param seconds the time since the story began */
  printRow(seconds: number): void | Promise<void>
}

export interface Row extends Readonly<Record<Side, Tally>> {
  readonly seconds: number
  /** Calls to the database within the row. */
  readonly calls: Readonly<Record<Side, number>>
  readonly circuit: CircuitState | 'disabled'
  /** Since the start. */
  readonly cacheHits: number
}

export const CIRCUIT_TONES = {
  closed: 'green',
  open: 'red',
  isolated: 'red',
  half_open: 'yellow',
  disabled: 'dim',
} as const

/** A title and the width of its column. */
const STANDARD = [
  ['ok', 4],
  ['error', 6],
  ['slowest', 8],
  ['to db', 6],
] as const
const PROXIED = [
  ['ok', 4],
  ['last known', 11],
  ['503', 4],
  ['error', 6],
  ['slowest', 8],
  ['to db', 6],
] as const

export function printHeader(): void {
  print(tone('dim', `${''.padEnd(10)}${'STANDARD'.padEnd(26)}PROXIED`))
  print(tone('dim', `   time ${titles(STANDARD)}  ${titles(PROXIED)}  circuit    hits`))
}

/** One second of traffic on both sides. */
export function printRow({ seconds, standard, proxied, calls, circuit, cacheHits }: Row): void {
  const cells = [
    `${seconds.toFixed(1)} s`.padStart(7),
    ' ',
    number(standard.live, 4),
    number(standard.failed + standard.refused, 6, 'red'),
    slowest(standard.longestMs),
    number(calls.standard, 6),
    '  ',
    number(proxied.live, 4),
    number(proxied.lastKnown, 11, 'cyan'),
    number(proxied.refused, 4, 'yellow'),
    number(proxied.failed, 6, 'red'),
    slowest(proxied.longestMs),
    number(calls.proxied, 6),
    '  ',
    tone(CIRCUIT_TONES[circuit], circuit.padEnd(9)),
    String(cacheHits).padStart(6),
  ]
  print(cells.join(''))
}

export function titles(columns: readonly (readonly [title: string, width: number])[]): string {
  return columns.map(([title, width]) => title.padStart(width)).join('')
}

export function number(value: number, width: number, name?: 'red' | 'yellow' | 'cyan'): string {
  const text = (value === 0 ? '·' : String(value)).padStart(width)
  if (value === 0) return tone('dim', text)
  return name === undefined ? text : tone(name, text)
}

export function slowest(ms: number): string {
  const text = (ms === 0 ? '·' : duration(ms)).padStart(8)
  return ms > 500 ? tone('red', text) : text
}
