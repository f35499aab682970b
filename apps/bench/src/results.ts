import type { ViewersSample } from './http/measure-viewers.ts'
import type { Framework, HttpVariant } from './http/servers/contenders.ts'
import type { Makings } from './measures/makings.ts'
import type { PopulationCost } from './measures/population.ts'
import type { Spread } from './statistics.ts'

/** What was measured. Whatever is undefined was not. */
export interface Results {
  readonly scenarios: readonly ScenarioResult[]
  readonly populations: readonly PopulationResult[]
  readonly http: readonly HttpResult[]
  /** By what was watched; medians of the rounds. */
  readonly viewers: readonly ViewersSample[]
  /** What counted the instructions. */
  readonly instructionCounter: string | undefined
  /** Measurements that ended with an error, and the error. */
  readonly failures: readonly string[]
}

/** A scenario with its figures. */
export interface ScenarioResult {
  readonly id: string
  readonly title: string
  readonly meaning: string
  /** The name of the contender that the others are compared with. */
  readonly reference: string
  readonly contenders: readonly ContenderResult[]
}

/** One contender; all figures are for one operation. */
export interface ContenderResult {
  readonly name: string
  /** One for each round. */
  readonly samplesNs: readonly number[]
  readonly ns: Spread | undefined
  readonly bytes: number | undefined
  readonly makings: Makings | undefined
  readonly instructions: number | undefined
}

/** Many of something, idle. */
export interface PopulationResult extends PopulationCost {
  readonly name: string
  readonly count: number
}

/** One server under load. */
export interface HttpResult {
  readonly framework: Framework
  readonly variant: HttpVariant
  readonly requestsPerSecond: Spread
  readonly cpuUsPerRequest: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** The contender of that name. */
export function contenderOf(results: Results, scenario: string, name: string): ContenderResult | undefined {
  return results.scenarios.find(({ id }) => id === scenario)?.contenders.find((contender) => contender.name === name)
}
