// `npm run bench`: measures, prints, and writes the report.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PARTS, runBenchmark } from './benchmark.ts'
import { type Command, foldersOf, parseCommandLine, usage } from './command-line.ts'
import { currentLoad, environmentAtStart } from './environment.ts'
import { createProgressDisplay } from './progress.ts'
import { jsonReport } from './report/json.ts'
import { markdownReport, type Measurements } from './report/markdown.ts'
import { terminalReport } from './report/terminal.ts'
import { judge } from './targets.ts'

const folders = foldersOf(fileURLToPath(new URL('..', import.meta.url)))
const command = parseCommandLine(process.argv.slice(2), { parts: PARTS, ...folders })
switch (command.kind) {
  case 'help':
    process.stdout.write(usage(PARTS))
    break
  case 'wrong':
    console.error(`npm run bench: ${command.complaint}\nSee npm run bench -- --help`)
    process.exitCode = 2
    break
  case 'run':
    process.exitCode = await measureAndReport(command)
}

async function measureAndReport({ plan, parts, folder }: Extract<Command, { kind: 'run' }>): Promise<number> {
  const interruption = new AbortController()
  // A second one ends this process at once, as it would without these.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interruption.abort())
  const display = createProgressDisplay(process.stderr)
  const environment = environmentAtStart()
  let results
  try {
    results = await runBenchmark({
      plan,
      parts,
      signal: interruption.signal,
      onProgress: (progress) => display.show(progress),
    })
  } catch (error) {
    if (!interruption.signal.aborted) throw error
    display.end()
    console.error('Interrupted: nothing was written.')
    // What still runs ends when its channel to this process closes.
    process.exit(130)
  }
  display.end()

  const measurements = {
    plan,
    environment: { ...environment, loadAfter: currentLoad() },
    results,
    verdicts: judge(results),
  }
  console.log(terminalReport(results, measurements.verdicts))
  if (results.failures.length > 0) {
    // Figures with a hole are not what the report of a full run is for.
    write(folders.reports, measurements)
    return 1
  }
  write(folder, measurements)
  return 0
}

function write(folder: string, measurements: Measurements): void {
  mkdirSync(folder, { recursive: true })
  const markdown = join(folder, 'performance.md')
  writeFileSync(markdown, markdownReport(measurements))
  writeFileSync(join(folder, 'performance.json'), jsonReport(measurements))
  console.log(`Written: ${relative('', markdown)} and performance.json beside it`)
}
