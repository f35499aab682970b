// Results that nobody measured, for tests.
import type { Environment } from './environment.ts'
import type { ContenderResult, Results } from './results.ts'

/** A contender of whom only the median of its times is told. */
function exampleContender(name: string, median: number): ContenderResult {
  return {
    name,
    samplesNs: [median],
    ns: { median, q1: median, q3: median },
    bytes: undefined,
    makings: undefined,
    instructions: undefined,
  }
}

/** Results in which nothing was measured, but for what is given. */
export function exampleResults(given: Partial<Results> = {}): Results {
  return {
    scenarios: [],
    populations: [],
    http: [],
    viewers: [],
    instructionCounter: undefined,
    failures: [],
    ...given,
  }
}

/** A scenario by its id and the medians of its contenders; the first one is the reference. */
export function exampleScenario(id: string, medians: Readonly<Record<string, number>>): Results['scenarios'][number] {
  return {
    id,
    title: `The title of ${id}`,
    meaning: `The meaning of ${id}.`,
    reference: Object.keys(medians)[0] ?? '',
    contenders: Object.entries(medians).map(([name, median]) => exampleContender(name, median)),
  }
}

/** A server that so many watch, of which only the p99 is told. */
export function exampleViewersResult(
  watched: Results['viewers'][number]['watched'],
  p99Ms: number,
): Results['viewers'][number] {
  const polls =
    watched === 'nothing' ? { pollsPerSecond: 0, bytesPerPoll: 0 } : { pollsPerSecond: 25, bytesPerPoll: 7_000 }
  return { watched, requestsPerSecond: 12_000, cpuUsPerRequest: 30, p50Ms: 0.5, p99Ms, ...polls }
}

/** Of no machine in particular. */
export const exampleEnvironment: Environment = {
  date: '2026-01-31',
  node: '24.0.0',
  v8: '13.6',
  platform: 'linux x64',
  cpu: 'A processor',
  cpus: 2,
  memoryGb: 16,
  loadBefore: 0.1,
  loadAfter: 1.2,
  versions: { opossum: '10.0.0' },
}
