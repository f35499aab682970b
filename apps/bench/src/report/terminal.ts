import type { Results } from '../results.ts'
import type { Verdict } from '../targets.ts'
import { sectionsOf, summaryOf, targetTable } from './sections.ts'
import { toText } from './table.ts'

/** Everything as plain text, the verdicts last. */
export function terminalReport(results: Results, verdicts: readonly Verdict[]): string {
  const targets = targetTable(verdicts)
  return [
    ...sectionsOf(results).map(({ title, table }) => `${title}\n\n${toText(table)}`),
    ...(targets.rows.length > 0 ? [`Targets\n\n${toText(targets)}\n\n${summaryOf(verdicts)}`] : []),
    ...(results.failures.length > 0 ? [`Failed\n\n${results.failures.join('\n')}`] : []),
  ]
    .map((block) => `\n${block}\n`)
    .join('\n')
}
