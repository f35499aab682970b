import { createCollector, type Collector } from './collector.ts'
import { measureHttp } from './http/measure-http.ts'
import { measureViewers } from './http/measure-viewers.ts'
import { countInstructions, findInstructionCounter, type InstructionCounter } from './instruction-counter.ts'
import { populations } from './measures/population.ts'
import { measureApart } from './measuring.ts'
import type { Plan } from './plan.ts'
import type { Results } from './results.ts'
import { orderOfRound } from './rounds.ts'
import type { Scenario } from './scenario.ts'
import { scenarios } from './scenarios/index.ts'

/** Everything that can be measured by itself: the scenarios by id, and three more. */
export const PARTS: readonly string[] = [...scenarios.map(({ id }) => id), 'populations', 'http', 'viewers']

/** What to measure, and whom to tell. */
export interface BenchmarkOptions {
  readonly plan: Plan
  /** Of {@link PARTS}. */
  readonly parts: readonly string[]
  /** Ends all processes; the benchmark then rejects with its reason. */
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

/** How far it is. */
export interface Progress {
  readonly step: number
  readonly steps: number
  readonly label: string
}

/** One measurement. */
interface Step {
  /** The same for each repetition: what failed once is not tried again. */
  readonly label: string
  readonly take: (tell: (detail: string) => void) => Promise<void>
}

/**
 * Measures in rounds, one process after the other. What fails is noted, and the rest is measured all the same.
 * @throws the signal's reason (as a rejection) when it is aborted
 */
export async function runBenchmark(options: BenchmarkOptions): Promise<Results> {
  const { plan, parts, signal, onProgress } = options
  const collector = createCollector()
  const chosen = scenarios.filter(({ id }) => parts.includes(id))
  const counter = needsCounter(plan, chosen) ? findInstructionCounter() : undefined
  const steps = stepsOf(options, chosen, { collector, counter })
  const failed = new Set<string>()
  for (const [index, { label, take }] of steps.entries()) {
    signal.throwIfAborted()
    if (failed.has(label)) continue
    const tell = (detail: string): void =>
      onProgress({ step: index + 1, steps: steps.length, label: detail === '' ? label : `${label}, ${detail}` })
    tell('')
    try {
      await take(tell)
    } catch (error) {
      signal.throwIfAborted()
      failed.add(label)
      collector.failures.push(`${label}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return collector.summary({ scenarios: chosen, count: plan.population.count, instructionCounter: counter?.name })
}

interface Tools {
  readonly collector: Collector
  readonly counter: InstructionCounter | undefined
}

function needsCounter(plan: Plan, chosen: readonly Scenario[]): boolean {
  return plan.countsInstructions && chosen.some(({ counted }) => counted?.includes('instructions'))
}

function stepsOf(options: BenchmarkOptions, chosen: readonly Scenario[], tools: Tools): Step[] {
  const { plan, parts } = options
  const rounds = Array.from({ length: plan.rounds }, (_, round) => [
    ...chosen.flatMap((scenario) => scenarioSteps(options, scenario, round, tools.collector)),
    ...(parts.includes('populations') && round < plan.repeats ? populationSteps(options, round, tools.collector) : []),
  ])
  return [
    ...rounds.flat(),
    ...(parts.includes('http') ? [httpStep(options, tools.collector)] : []),
    ...(parts.includes('viewers') ? [viewersStep(options, tools.collector)] : []),
    ...chosen.flatMap((scenario) => instructionSteps(options, scenario, tools)),
  ]
}

function scenarioSteps(
  { plan, signal }: BenchmarkOptions,
  { id: scenario, contenders, timedSingly = false, isLarge = false, counted = [], flags = [] }: Scenario,
  round: number,
  collector: Collector,
): Step[] {
  return orderOfRound(Object.keys(contenders), round).flatMap((contender): Step[] => {
    const samples = collector.samplesOf(scenario, contender)
    const step = (measure: string, take: Step['take']): Step => ({
      label: `${scenario}: ${contender}: ${measure}`,
      take,
    })
    const time = step('time', async () => {
      const order = { measure: 'time', scenario, contender, budget: plan.time } as const
      samples.ns.push(await measureApart(order, { signal, flags }))
    })
    const bytes = step('bytes', async () => {
      samples.bytes.push(await measureApart({ measure: 'bytes', scenario, contender }, { signal }))
    })
    const makings = step('makings', async () => {
      samples.makings = await measureApart({ measure: 'makings', scenario, contender }, { signal })
    })
    return [
      time,
      // An operation that changes what the next one finds has no average.
      ...(round < plan.repeats && !timedSingly && !isLarge ? [bytes] : []),
      ...(round === 0 && counted.includes('makings') ? [makings] : []),
    ]
  })
}

function populationSteps({ plan, signal }: BenchmarkOptions, round: number, collector: Collector): Step[] {
  // Every population gets its place among the results before the order of the first round is applied.
  return orderOfRound(
    Object.keys(populations).map((contender): Step => {
      const samples = collector.populationSamplesOf(contender)
      const order = { measure: 'population', contender, size: plan.population } as const
      return {
        label: `populations: ${contender}`,
        take: async () => void samples.push(await measureApart(order, { signal })),
      }
    }),
    round,
  )
}

function httpStep({ plan, signal }: BenchmarkOptions, { http }: Collector): Step {
  return {
    label: 'http',
    take: async (tell) => void http.push(...(await orAbort(measureHttp({ ...plan.http, onProgress: tell }), signal))),
  }
}

function viewersStep({ plan, signal }: BenchmarkOptions, { viewers }: Collector): Step {
  return {
    label: 'viewers',
    take: async (tell) => {
      viewers.push(...(await orAbort(measureViewers({ ...plan.viewers, onProgress: tell }), signal)))
    },
  }
}

/** The processes of what is measured end with this one, which is what an abort is about to do. */
function orAbort<R>(measured: Promise<R>, signal: AbortSignal): Promise<R> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('Interrupted')), { once: true })
  })
  return Promise.race([measured, aborted])
}

function instructionSteps({ signal }: BenchmarkOptions, scenario: Scenario, { collector, counter }: Tools): Step[] {
  if (counter === undefined || scenario.counted?.includes('instructions') !== true) return []
  return Object.keys(scenario.contenders).map((contender) => ({
    label: `${scenario.id}: ${contender}: instructions`,
    take: async () => {
      const samples = collector.samplesOf(scenario.id, contender)
      const ns = samples.ns[0]
      if (ns === undefined) throw new Error('How long it takes is not known')
      samples.instructions = await countInstructions(counter, { scenario: scenario.id, contender, ns, signal })
    },
  }))
}
