import type { Passage } from './verdicts.ts'
import { fault, shareOf, sumOf } from './verdicts.ts'
import type { Ends } from './tally.ts'
import type { RoundReport } from './soak.ts'

const MIB = 2 ** 20
const HEAD = ['proxy', 'calls', 'ok during', 'first second', 'then', 'worst %', 'verdict'] as const

/** All passages of one kind through one trouble. */
interface Row {
  readonly trouble: string
  readonly kind: string
  readonly passages: readonly Passage[]
}

/** One line when a round is over. */
export function roundLine({ round, passages, crowds, ...found }: RoundReport): string {
  const unwell = passages.filter((passage) => fault(passage) !== undefined).length
  const crowded = crowds.filter(({ ok }) => !ok).length
  const what =
    round === undefined
      ? 'all is well'
      : `http: ${round.http}, postgres: ${round.postgres}, ${(round.troubleMs / 1_000).toFixed(1)} s`
  const faulty = [
    ...(unwell > 0 ? [`${unwell} stayed unwell`] : []),
    ...(crowded > 0 ? [`${crowded} crowded the service`] : []),
  ]
  return [
    `${String(round?.number ?? 0).padStart(3)}  ${what.padEnd(55)}`,
    `heap ${(found.heapBytes / MIB).toFixed(1)} MiB`,
    `given up and running: ${found.abandonedCalls} calls, ${found.abandonedLoads} loads`,
    `slowest beat ${Math.round(found.slowestBeatMs)} ms`,
    faulty.length === 0 ? 'ok' : faulty.join(', '),
  ].join('   ')
}

/** A row per trouble and proxy, all rounds together; the verdict is of the worst. */
export function passageTable(passages: readonly Passage[]): string {
  const rows = rowsOf(passages)
  const width = Math.max(...rows.map(({ kind }) => kind.length), 0)
  const lines: string[] = []
  let trouble: string | undefined
  for (const row of rows) {
    if (row.trouble !== trouble) lines.push('', line(['— '.concat(row.trouble), ...HEAD.slice(1)], width))
    trouble = row.trouble
    lines.push(line(cellsOf(row), width))
  }
  return lines.join('\n')
}

function cellsOf({ kind, passages }: Row): string[] {
  const during = passages.map((passage) => passage.during)
  const recovering = passages.map((passage) => passage.recovering)
  const after = passages.map((passage) => passage.after)
  const faults = passages.map(fault).filter((found) => found !== undefined)
  const verdict = faults.length === 0 ? 'ok' : `FAILED ${faults.length} of ${passages.length}: ${faults[0]}`
  const calls = sumOf([...during, ...recovering, ...after], (ends) => ends.begun)
  return [kind, String(calls), ratio(during), ratio(recovering), ratio(after), worst(after), verdict]
}

/** Answered, of those who waited for an answer. */
function ratio(windows: readonly Ends[]): string {
  const answered = sumOf(windows, (ends) => ends.of('answered', 'not found'))
  return `${answered}/${sumOf(windows, (ends) => ends.begun - ends.of('left'))}`
}

function worst(windows: readonly Ends[]): string {
  const shares = windows.map((ends) => shareOf(ends)).filter((share) => share !== undefined)
  return shares.length === 0 ? '–' : (Math.min(...shares) * 100).toFixed(1)
}

function line(cells: readonly string[], width: number): string {
  const [first = '', ...rest] = cells
  const last = rest.pop() ?? ''
  return `${first.padEnd(width)} ${rest.map((cell) => cell.padStart(14)).join('')}   ${last}`
}

function rowsOf(passages: readonly Passage[]): Row[] {
  const rows = new Map<string, Row & { readonly passages: Passage[] }>()
  for (const passage of passages) {
    const { trouble, kind } = passage
    const key = `${trouble}\n${kind}`
    const row = rows.get(key) ?? { trouble, kind, passages: [] }
    row.passages.push(passage)
    rows.set(key, row)
  }
  return [...rows.values()].toSorted((one, other) => one.trouble.localeCompare(other.trouble))
}
