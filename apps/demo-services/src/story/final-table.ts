import type { Side } from './ledger.ts'
import type { Stage } from './stage.ts'
import { duration, print, tone } from './terminal.ts'

/** Prints the results side by side. */
export function printFinalTable(stage: Stage): void {
  const { standard, proxied } = stage.traffic.ledgers
  const down = stage.callsWhileDown
  const rows: [title: string, ...values: Record<Side, string | number>[]][] = [
    ['requests', { standard: standard.total.requests, proxied: proxied.total.requests }],
    ['answered from the database', { standard: standard.total.live, proxied: proxied.total.live }],
    ['answered with the last known list', { standard: standard.total.lastKnown, proxied: proxied.total.lastKnown }],
    ['rejected at once, with Retry-After', { standard: standard.total.refused, proxied: proxied.total.refused }],
    ['errors', { standard: standard.total.failed, proxied: proxied.total.failed }],
    ['longest wait', { standard: duration(standard.total.longestMs), proxied: duration(proxied.total.longestMs) }],
    ['total waiting time', { standard: duration(standard.total.waitedMs), proxied: duration(proxied.total.waitedMs) }],
    ['most requests waiting at once', { standard: standard.mostWaiting, proxied: proxied.mostWaiting }],
    ['calls to the database while it was down', { standard: down.standard, proxied: down.proxied }],
  ]
  print(`\n ${tone('bold', 'The same reads, side by side')}\n`)
  print(tone('dim', `   ${''.padEnd(42)}${'standard'.padStart(10)}${'proxied'.padStart(12)}`))
  for (const [title, values] of rows) {
    const cells = [values?.standard, values?.proxied].map((value) => String(value === 0 ? '·' : value))
    print(`   ${title.padEnd(42)}${cells[0]?.padStart(10)}${tone('bold', cells[1]?.padStart(12) ?? '')}`)
  }
  print()
}
