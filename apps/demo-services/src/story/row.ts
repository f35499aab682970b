import type { CircuitState } from '@svcproxy/core'
import type { Side, Tally } from './ledger.ts'
import { duration, print, tone } from './terminal.ts'

export interface Row extends Readonly<Record<Side, Tally>> {
  readonly seconds: number
  /** To the database, within the row. */
  readonly calls: Readonly<Record<Side, number>>
  readonly circuit: CircuitState | 'disabled'
  /** Since the start. */
  readonly cacheHits: number
}

const CIRCUIT_TONES = { closed: 'green', open: 'red', isolated: 'red', half_open: 'yellow', disabled: 'dim' } as const

export function printHeader(): void {
  const groups = `${''.padEnd(10)}${'STANDARD'.padEnd(32)}PROXIED`
  const standard = ['ok', 'error', 'slowest', 'db calls'].map((title, index) =>
    title.padStart([4, 7, 9, 10][index] ?? 0),
  )
  const proxied = ['ok', 'last known', '503', 'error', 'slowest', 'db calls'].map((title, index) =>
    title.padStart([4, 12, 5, 7, 9, 10][index] ?? 0),
  )
  print(tone('dim', groups))
  print(tone('dim', `   time ${standard.join('')}  ${proxied.join('')}   circuit`))
}

/** One second of traffic, both sides. */
export function printRow({ seconds, standard, proxied, calls, circuit, cacheHits }: Row): void {
  const cells = [
    `${seconds.toFixed(1)} s`.padStart(7),
    ' ',
    number(standard.live, 4),
    number(standard.failed + standard.refused, 7, 'red'),
    slowest(standard.longestMs),
    number(calls.standard, 10),
    '  ',
    number(proxied.live, 4),
    number(proxied.lastKnown, 12, 'cyan'),
    number(proxied.refused, 5, 'yellow'),
    number(proxied.failed, 7, 'red'),
    slowest(proxied.longestMs),
    number(calls.proxied, 10),
    '   ',
    tone(CIRCUIT_TONES[circuit], circuit.padEnd(9)),
    ` ${cacheHits}`,
  ]
  print(cells.join(''))
}

function number(value: number, width: number, name?: 'red' | 'yellow' | 'cyan'): string {
  const text = (value === 0 ? '·' : String(value)).padStart(width)
  if (value === 0) return tone('dim', text)
  return name === undefined ? text : tone(name, text)
}

function slowest(ms: number): string {
  const text = (ms === 0 ? '·' : duration(ms)).padStart(9)
  return ms > 500 ? tone('red', text) : text
}
