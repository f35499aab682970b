import type { HttpSample } from './http/measure-http.ts'
import type { ViewersSample } from './http/measure-viewers.ts'
import { FRAMEWORKS, HTTP_VARIANTS, WATCHED } from './http/servers/contenders.ts'
import type { Makings } from './measures/makings.ts'
import type { PopulationCost } from './measures/population.ts'
import type { HttpResult, PopulationResult, Results, ScenarioResult } from './results.ts'
import type { Scenario } from './scenario.ts'
import { medianOf, spreadOf } from './statistics.ts'

/** Samples as they come in, and their summary in the end. */
export interface Collector {
  samplesOf(scenario: string, contender: string): ContenderSamples
  populationSamplesOf(name: string): PopulationCost[]
  readonly http: HttpSample[]
  readonly viewers: ViewersSample[]
  readonly failures: string[]
  summary(of: { scenarios: readonly Scenario[]; count: number; instructionCounter: string | undefined }): Results
}

/** What is known about a contender so far. */
interface ContenderSamples {
  readonly ns: number[]
  readonly bytes: number[]
  makings?: Makings
  instructions?: number
}

/** Holds nothing yet. */
export function createCollector(): Collector {
  const contenders = new Map<string, ContenderSamples>()
  const populations = new Map<string, PopulationCost[]>()
  const http: HttpSample[] = []
  const viewers: ViewersSample[] = []
  const failures: string[] = []

  const samplesOf = (scenario: string, contender: string): ContenderSamples =>
    existing(contenders, `${scenario}: ${contender}`, () => ({ ns: [], bytes: [] }))

  const summaryOf = ({ id, title, meaning, reference, contenders: named }: Scenario): ScenarioResult => ({
    id,
    title,
    meaning,
    reference,
    contenders: Object.keys(named).map((name) => {
      const { ns, bytes, makings, instructions } = samplesOf(id, name)
      return {
        name,
        samplesNs: ns,
        ns: ns.length > 0 ? spreadOf(ns) : undefined,
        bytes: bytes.length > 0 ? medianOf(bytes) : undefined,
        makings,
        instructions,
      }
    }),
  })

  return {
    samplesOf,
    populationSamplesOf: (name) => existing(populations, name, () => []),
    http,
    viewers,
    failures,
    summary: ({ scenarios, count, instructionCounter }) => ({
      scenarios: scenarios.map(summaryOf),
      populations: [...populations].flatMap(([name, samples]) => populationResult(name, count, samples)),
      http: httpResults(http),
      viewers: viewersResults(viewers),
      instructionCounter,
      failures,
    }),
  }
}

function existing<V>(map: Map<string, V>, key: string, make: () => V): V {
  const value = map.get(key) ?? make()
  map.set(key, value)
  return value
}

function populationResult(name: string, count: number, samples: readonly PopulationCost[]): PopulationResult[] {
  if (samples.length === 0) return []
  const median = (of: (sample: PopulationCost) => number): number => medianOf(samples.map(of))
  return [
    {
      name,
      count,
      makeUs: median(({ makeUs }) => makeUs),
      heapBytes: median(({ heapBytes }) => heapBytes),
      timers: median(({ timers }) => timers),
      idleCpuPercent: median(({ idleCpuPercent }) => idleCpuPercent),
    },
  ]
}

function httpResults(samples: readonly HttpSample[]): HttpResult[] {
  return FRAMEWORKS.flatMap((framework) =>
    HTTP_VARIANTS.flatMap((variant) => {
      const own = samples.filter((sample) => sample.framework === framework && sample.variant === variant)
      if (own.length === 0) return []
      return [
        {
          framework,
          variant,
          requestsPerSecond: spreadOf(own.map(({ requestsPerSecond }) => requestsPerSecond)),
          cpuUsPerRequest: medianOf(own.map(({ cpuUsPerRequest }) => cpuUsPerRequest)),
          p50Ms: medianOf(own.map(({ p50Ms }) => p50Ms)),
          p99Ms: medianOf(own.map(({ p99Ms }) => p99Ms)),
        },
      ]
    }),
  )
}

function viewersResults(samples: readonly ViewersSample[]): ViewersSample[] {
  return WATCHED.flatMap((watched) => {
    const own = samples.filter((sample) => sample.watched === watched)
    if (own.length === 0) return []
    const median = (of: (sample: ViewersSample) => number): number => medianOf(own.map(of))
    return [
      {
        watched,
        requestsPerSecond: median(({ requestsPerSecond }) => requestsPerSecond),
        cpuUsPerRequest: median(({ cpuUsPerRequest }) => cpuUsPerRequest),
        p50Ms: median(({ p50Ms }) => p50Ms),
        p99Ms: median(({ p99Ms }) => p99Ms),
        pollsPerSecond: median(({ pollsPerSecond }) => pollsPerSecond),
        bytesPerPoll: median(({ bytesPerPoll }) => bytesPerPoll),
      },
    ]
  })
}
