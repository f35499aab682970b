import type { ServiceSheet } from './answers.ts'
import { queueLines, retryLines } from './call-words.ts'
import { circuitLines } from './circuit-words.ts'
import { cutTo, plainText } from './plain-text.ts'
import { countText, latencyText } from './quantities.ts'
import { failureText } from './service-columns.ts'
import { eventLines, serviceLines } from './status-lines.ts'
import { type Column, tableLines } from './table.ts'
import type { Window } from './terminal.ts'

const MOST_EVENTS = 20

/** Describes a service in detail. @param now by the clock of its process, in milliseconds since the epoch */
export function sheetLines(sheet: ServiceSheet, now: number, window: Window): string[] {
  const { cache, critical, lastFailure, circuit } = sheet
  const facts = [critical ? 'critical' : 'not critical', `cache ${cache.state}${cache.loading ? ', loading' : ''}`]
  const ofCircuit = circuit === null ? [] : circuitLines(circuit, now)
  return [
    ...serviceLines([sheet], now, window),
    '',
    cutTo(facts.join(' · '), window.width),
    // Not cut, even if it takes several lines: it is usually what people look for.
    ...(lastFailure === null ? [] : [`last error: ${failureText(lastFailure)}`]),
    ...section('circuit', cut(ofCircuit, window), window),
    ...section('retries', cut(retryLines(sheet), window), window),
    ...section('queue', cut(queueLines(sheet), window), window),
    ...section('methods', methodLines(sheet, window), window),
    ...section('settings', settingLines(sheet.settings, window), window),
    ...section('events', eventLines(sheet.events, MOST_EVENTS, window), window),
  ]
}

function section(title: string, lines: readonly string[], { paint }: Window): string[] {
  return lines.length === 0 ? [] : ['', paint('bold', title), ...lines]
}

function cut(lines: readonly string[], { width }: Window): string[] {
  return lines.map((line) => cutTo(line, width))
}

type Method = readonly [name: string, latency: ServiceSheet['latency']]

const METHOD_COLUMNS: readonly Column<Method>[] = [
  { title: 'method', align: 'left', rank: 0, minWidth: 8, cell: ([name]) => ({ text: plainText(name) }) },
  { title: 'calls', align: 'right', rank: 1, cell: ([, { count }]) => ({ text: countText(count) }) },
  { title: 'p50', align: 'right', rank: 4, cell: ([, { p50Ms }]) => ({ text: latencyText(p50Ms) }) },
  { title: 'p90', align: 'right', rank: 3, cell: ([, { p90Ms }]) => ({ text: latencyText(p90Ms) }) },
  { title: 'p99', align: 'right', rank: 2, cell: ([, { p99Ms }]) => ({ text: latencyText(p99Ms) }) },
  { title: 'max', align: 'right', rank: 5, cell: ([, { maxMs }]) => ({ text: latencyText(maxMs) }) },
]

function methodLines({ methods }: ServiceSheet, window: Window): string[] {
  const rows = Object.entries(methods)
  return rows.length === 0 ? [] : tableLines(METHOD_COLUMNS, rows, window)
}

function settingLines(settings: ServiceSheet['settings'], { width }: Window): string[] {
  return flattened(settings).map(([name, value]) => cutTo(plainText(`${name} ${value}`), width))
}

/** `circuit.failureThreshold 5` for a nested option. */
function flattened(settings: object): [name: string, value: string][] {
  return Object.entries(settings).flatMap(([name, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null
      ? flattened(value).map(([inner, text]): [string, string] => [`${name}.${inner}`, text])
      : [[name, settingText(value)]],
  )
}

function settingText(value: unknown): string {
  // JSON has no Infinity.
  if (value === null) return 'unlimited'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
