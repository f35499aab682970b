import type { Environment } from '../environment.ts'
import type { Plan } from '../plan.ts'
import type { Results } from '../results.ts'
import type { Verdict } from '../targets.ts'
import { sectionsOf, summaryOf, targetTable } from './sections.ts'
import { toMarkdown } from './table.ts'

/** What a document is made of. */
export interface Measurements {
  readonly plan: Plan
  readonly environment: Environment
  readonly results: Results
  readonly verdicts: readonly Verdict[]
}

/** `docs/performance.md`. The sentences hold whatever the figures are. */
export function markdownReport(measurements: Measurements): string {
  const { plan, environment, results, verdicts } = measurements
  const blocks = [
    '# Performance',
    `\`npm run bench\` wrote this page; all figures are from one ${plan.name} run. ${summaryOf(verdicts)}: see [Targets](#targets).`,
    '## How it was measured',
    howItWasMeasured(plan, results),
    '## Where it was measured',
    toMarkdown(environmentTable(environment)),
    `Versions: ${Object.entries(environment.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
    ...sectionsOf(results).flatMap(({ title, text, table }) => [`## ${title}`, text, toMarkdown(table)]),
    '## Targets',
    'Each compares medians of this run. A ratio is the quotient of the two figures that its line names.',
    toMarkdown(targetTable(verdicts)),
    ...(results.failures.length > 0
      ? ['## Failed', list(results.failures.map((failure) => `\`${firstLine(failure)}\``))]
      : []),
  ]
  return `${blocks.join('\n\n')}\n`
}

function howItWasMeasured({ rounds, time, repeats, http, viewers }: Plan, { instructionCounter }: Results): string {
  const sentences = [
    `Every time comes from a process of its own, which warms up for ${time.warmUpMs} ms, measures for ${time.measureMs} ms in batches of about 10 ms, and keeps the median of the batches. What is too rare for a batch is timed one by one.`,
    `There are ${rounds} rounds. In each round every contender has its turn, in another order than in the round before. So a machine that is busy for a while does not slow down one contender alone.`,
    'A table shows the median of the rounds, and the middle half: a quarter of the rounds lie below it, a quarter above. Where two middle halves overlap, the difference may be noise.',
    'A column with × divides a median by that of the row it names. Nanoseconds are those of this machine. Ratios are a better guide to another one.',
    'Every time includes one `await`, which every asynchronous result needs. The rows marked “limit” show what is left when nothing guards and nothing caches.',
    `Bytes are what one operation takes from the heap, the median of ${repeats} ${repeats === 1 ? 'process' : 'processes'}. The more bytes, the more often the garbage collector runs.`,
    ...(instructionCounter === undefined
      ? []
      : [
          `Instructions are those of one operation, counted by \`${instructionCounter}\` in a Node.js that compiles in one thread. Their number hardly depends on how busy the machine is. They are not a duration: some instructions take longer than others.`,
        ]),
    `The servers run ${http.rounds} rounds of ${http.secondsPerSample} s each, after a warm-up of ${http.warmUpSeconds} s, each in its own process; the load comes from another process, on another core where there are two.`,
    `The server that operators watch runs ${viewers.rounds} rounds, without viewers, with viewers of another process and with viewers of this one, for ${viewers.secondsPerSample} s each, in changing order and all in the same process, which has had two rounds before that do not count. The viewers are a process of their own, which gives way to the load where they share a core: what they cost the machine is in the second and in the third.`,
    'To measure it yourself, run `npm run bench` in a clone of the repository, or `npm run bench -- --quick` for figures in less than three minutes that vary more.',
  ]
  return list(sentences)
}

function environmentTable(environment: Environment): Parameters<typeof toMarkdown>[0] {
  const { date, node, v8, platform, cpu, cpus, memoryGb, loadBefore, loadAfter } = environment
  return {
    head: ['', ''],
    rows: [
      ['Date', date],
      ['Node.js', `${node} (V8 ${v8})`],
      ['Platform', platform],
      ['CPU', `${cpu}, ${cpus} usable`],
      ['Memory', `${memoryGb.toFixed(1)} GiB`],
      ['Load average before and after', `${loadBefore.toFixed(2)}, ${loadAfter.toFixed(2)}`],
    ],
  }
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n')
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
