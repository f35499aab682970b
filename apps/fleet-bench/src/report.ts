import type { Environment } from './environment.ts'
import type { Finding, Scenario } from './scenario.ts'
import { outcomeOf } from './verdicts.ts'

/** A scenario, and what it has found. */
export interface Result {
  readonly scenario: Pick<Scenario, 'name' | 'title' | 'how'>
  readonly findings: readonly Finding[]
  readonly tookMs: number
}

const HEAD = ['what', 'limit', 'figure', 'verdict', 'more']

/** One scenario, for a terminal. */
export function textOf({ scenario, findings, tookMs }: Result, isQuick: boolean): string {
  const rows = findings.map((finding) => cellsOf(finding, isQuick))
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('   ')
      .trimEnd()
  return [`${scenario.name} (${(tookMs / 1_000).toFixed(1)} s)`, ...rows.map((row) => `  ${line(row)}`)].join('\n')
}

/** The page of a full run. */
export function markdownOf(results: readonly Result[], environment: Environment): string {
  const all = results.flatMap(({ findings }) => findings)
  const judged = all.filter(({ limit }) => limit !== undefined)
  const met = judged.filter((finding) => outcomeOf(finding, false) === 'met').length
  const minutes = (results.reduce((sum, { tookMs }) => sum + tookMs, 0) / 60_000).toFixed(0)
  return `${[
    '# A fleet, measured',
    `\`npm run bench:fleet\` wrote this page; all figures are from one run of ${minutes} minutes. ${met} of ${judged.length} limits met. The processes are forked, the Redis is one of its own without persistence, and the faults of the network are made by a TCP proxy between them.`,
    '## Where it was measured',
    tableOf(['', ''], environmentRows(environment)),
    ...results.flatMap(({ scenario, findings }) => [
      `## ${scenario.title}`,
      scenario.how,
      tableOf(
        HEAD,
        findings.map((finding) => cellsOf(finding, false)),
      ),
    ]),
  ].join('\n\n')}\n`
}

function environmentRows(environment: Environment): string[][] {
  const { date, node, redis, platform, cpu, cores, loadBefore, loadAfter, seed } = environment
  return [
    ['Date', date],
    ['Node.js', node],
    ['Redis', redis],
    ['Platform', platform],
    ['CPU', `${cpu}, ${cores} usable`],
    ['Load average before and after', `${loadBefore.toFixed(2)}, ${loadAfter.toFixed(2)}`],
    ['Seed of the random operations', String(seed)],
  ]
}

function cellsOf(finding: Finding, isQuick: boolean): string[] {
  const { name, figure, limit, unit, note = '' } = finding
  const outcome = outcomeOf(finding, isQuick)
  return [
    name,
    limit === undefined ? '–' : `${limit.bound} ${written(limit.value)}`,
    `${written(figure)} ${unit}`.trimEnd(),
    outcome === 'open' ? '–' : outcome,
    note,
  ]
}

function written(figure: number): string {
  if (Number.isInteger(figure)) return String(figure)
  const digits = Math.abs(figure) < 10 ? 3 : 1
  return figure.toFixed(digits)
}

function tableOf(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}
