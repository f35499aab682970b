// `npm run bench:fleet`: measures a fleet, prints verdicts, and writes the report of a full run.
import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { now } from './clock.ts'
import { type Command, parseCommandLine, usage } from './command-line.ts'
import { Crew } from './crew.ts'
import { currentLoad, environmentAtStart } from './environment.ts'
import { markdownOf, type Result, textOf } from './report.ts'
import type { Plan, Scenario } from './scenario.ts'
import { scenarios } from './scenarios/index.ts'
import { outcomeOf } from './verdicts.ts'

const PAGE = fileURLToPath(new URL('../../../docs/fleet.md', import.meta.url))
const MAX_SEED = 2 ** 32
/** Scenarios that wait for something can do so together, where times are not judged. */
const QUICK_AT_ONCE = 4

const names = scenarios.map(({ name }) => name)
const command = parseCommandLine(process.argv.slice(2), names, () => Math.max(1, Math.floor(Math.random() * MAX_SEED)))
switch (command.kind) {
  case 'help':
    process.stdout.write(usage(names))
    break
  case 'wrong':
    console.error(`npm run bench:fleet: ${command.complaint}\nSee npm run bench:fleet -- --help`)
    process.exitCode = 2
    break
  case 'run':
    process.exit(await run(command))
}

async function measure(scenario: Scenario, plan: Pick<Plan, 'isQuick' | 'seed'>): Promise<Result> {
  const startedAt = now()
  const say = (line: string): void => console.log(`${scenario.name}: ${line}`)
  const findings = await scenario.run({ ...plan, say })
  return { scenario, findings, tookMs: now() - startedAt }
}

async function run({ names: chosen, isFull, isQuick, seed }: Extract<Command, { kind: 'run' }>): Promise<number> {
  // All that was started ends with this process.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      console.error('Interrupted: nothing was written.')
      process.exit(130)
    })
  }
  const environment = environmentAtStart(seed)
  console.log(`Seed ${seed}; load average ${environment.loadBefore.toFixed(2)} on ${environment.cores} cores\n`)
  const results: Result[] = []
  const queue = scenarios.filter(({ name }) => chosen.includes(name))
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const result = await measure(next, { isQuick, seed })
      results.push(result)
      console.log(`${textOf(result, isQuick)}\n`)
    }
  }
  await Promise.all(Array.from({ length: isQuick ? QUICK_AT_ONCE : 1 }, work))
  await Crew.end()
  const loadAfter = currentLoad()
  if (isFull) {
    writeFileSync(PAGE, markdownOf(results, { ...environment, loadAfter }))
    console.log(`Written: ${relative('', PAGE)}`)
  }
  const missed = results.flatMap(({ findings }) => findings.filter((one) => outcomeOf(one, isQuick) === 'MISSED'))
  console.log(`${missed.length} limits missed; load average ${loadAfter.toFixed(2)}`)
  return missed.length === 0 ? 0 : 1
}
