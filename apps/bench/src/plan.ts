import type { HttpPlan } from './http/measure-http.ts'
import type { ViewersPlan } from './http/measure-viewers.ts'
import type { PopulationSize } from './measures/population.ts'
import type { TimeBudget } from './measures/time.ts'

/** How long and how often everything is measured. */
export interface Plan {
  readonly name: 'quick' | 'full'
  /** How often each contender is timed, each time in a process of its own. */
  readonly rounds: number
  readonly time: TimeBudget
  /** In how many of the rounds bytes and populations are measured too: they vary less. */
  readonly repeats: number
  readonly population: PopulationSize
  readonly http: Omit<HttpPlan, 'onProgress'>
  readonly viewers: Omit<ViewersPlan, 'onProgress'>
  /** Where the machine can: a minute for every few contenders. */
  readonly countsInstructions: boolean
}

const SERVICES = 10_000

/** Less than three minutes on two cores: enough to see where things stand, too short for figures to publish. */
export const quickPlan: Plan = {
  name: 'quick',
  rounds: 3,
  time: { warmUpMs: 100, measureMs: 100 },
  repeats: 1,
  population: { count: SERVICES, idleMs: 1_000 },
  http: { rounds: 3, secondsPerSample: 0.7, warmUpSeconds: 1 },
  viewers: { rounds: 2, secondsPerSample: 1, warmUpSeconds: 1 },
  countsInstructions: false,
}

/** A quarter to half an hour on two cores. */
export const fullPlan: Plan = {
  name: 'full',
  rounds: 7,
  time: { warmUpMs: 300, measureMs: 500 },
  repeats: 3,
  population: { count: SERVICES, idleMs: 2_000 },
  http: { rounds: 8, secondsPerSample: 1.5, warmUpSeconds: 2 },
  viewers: { rounds: 9, secondsPerSample: 2, warmUpSeconds: 1.5 },
  countsInstructions: true,
}
