// `npm run soak`: outage after outage, and a table of what outlived one.
import { parseCommandLine, USAGE } from './command-line.ts'
import type { Plan } from './plan.ts'
import { passageTable, roundLine } from './report.ts'
import { soak } from './soak.ts'
import type { SoakResult } from './soak.ts'
import { storm } from './storm.ts'
import { failuresOf, fault } from './verdicts.ts'
import type { Check } from './verdicts.ts'

/** How long this process may live on when everything has been stopped, in milliseconds. */
const END_MS = 5_000
const MAX_SEED = 2 ** 32

const command = parseCommandLine(process.argv.slice(2), () => Math.max(1, Math.floor(Math.random() * MAX_SEED)))
switch (command.kind) {
  case 'help':
    process.stdout.write(USAGE)
    break
  case 'wrong':
    console.error(`npm run soak: ${command.complaint}\nSee npm run soak -- --help`)
    process.exitCode = 2
    break
  case 'storm':
    process.exitCode = (await storm((line) => console.log(line))) ? 0 : 1
    break
  case 'run':
    await run(command.plan)
}

async function run(plan: Plan): Promise<void> {
  const interruption = new AbortController()
  // A second one ends this process at once, as it would without these; the database cleans up after itself.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interruption.abort())
  console.log(`${plan.rounds.length} rounds; --seed ${plan.seed} repeats them\n`)
  let result: SoakResult
  try {
    result = await soak({ plan, signal: interruption.signal, onRound: (report) => console.log(roundLine(report)) })
  } catch (error) {
    if (!interruption.signal.aborted) throw error
    console.error('Interrupted.')
    process.exit(130)
  }
  const checks = [...passageChecks(result), ...result.checks]
  // What was stopped keeps nobody alive: then this process has nothing left to do.
  process.once('beforeExit', () => conclude(result, [...checks, { name: 'process', ok: true, detail: 'it ended' }]))
  setTimeout(() => {
    const detail = `kept alive after stop() by ${process.getActiveResourcesInfo().join(', ')}`
    conclude(result, [...checks, { name: 'process', ok: false, detail }])
    process.exit()
  }, END_MS).unref()
}

/** One for each row of the table, and one for each crowd that was counted. */
function passageChecks({ reports }: SoakResult): Check[] {
  return reports.flatMap(({ round, passages, crowds }) => [
    ...passages.map((passage) => {
      const found = fault(passage)
      const name = `round ${round?.number}, ${passage.trouble}, ${passage.kind}`
      return { name, ok: found === undefined, detail: found ?? '' }
    }),
    ...crowds.map((crowd) => ({ ...crowd, name: `round ${round?.number}, ${round?.http}, ${crowd.name}` })),
  ])
}

function conclude({ reports, complaints }: SoakResult, checks: readonly Check[]): void {
  const failures = failuresOf(checks)
  console.log(passageTable(reports.flatMap(({ passages }) => passages)))
  console.log(`\nUnhandled rejections: ${complaints.rejections.length}, warnings: ${complaints.warnings.length}`)
  if (failures.length > 0) console.log(`\nFailed:\n${failures.join('\n')}`)
  console.log(`\n${checks.length - failures.length} checks passed, ${failures.length} failed`)
  process.exitCode = failures.length === 0 ? 0 : 1
}
