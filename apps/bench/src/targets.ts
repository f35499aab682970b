import { FRAMEWORKS, type Framework, type HttpVariant, VIEWERS, type Watched } from './http/servers/contenders.ts'
import { contenderOf, type HttpResult, type PopulationResult, type Results } from './results.ts'

/** What the figure of a target counts. */
export type TargetUnit = 'ratio' | 'count' | 'bytes' | 'us' | 'ms' | 'percent'

/** A promise about the figures. */
export interface Target {
  readonly title: string
  readonly bound: 'at most' | 'at least'
  readonly limit: number
  readonly unit: TargetUnit
  /** Undefined when what it needs was not measured. */
  readonly measured: (results: Results) => number | undefined
}

/** How it came out. */
export interface Verdict {
  readonly target: Target
  readonly figure: number | undefined
  readonly outcome: 'met' | 'missed' | 'not measured'
}

/** Each target with what was measured, in the order of {@link targets}. */
export function judge(results: Results, among: readonly Target[] = targets): Verdict[] {
  return among.map((target) => {
    const figure = target.measured(results)
    if (figure === undefined || Number.isNaN(figure)) return { target, figure: undefined, outcome: 'not measured' }
    const isMet = target.bound === 'at most' ? figure <= target.limit : figure >= target.limit
    return { target, figure, outcome: isMet ? 'met' : 'missed' }
  })
}

/** A contender of a scenario. */
type Place = readonly [scenario: string, contender: string]

const OPOSSUM = ['call', 'opossum fire, timeout 5 s'] as const
const COCKATIEL = ['call', 'cockatiel breaker + timeout 5 s'] as const
const BREAKERS = ['native', 'opossum'] as const

/** How long `own` takes, as a part of how long `other` does. */
function cost(own: Place, other: Place, limit: number): Target {
  const title = `${own[1]}: of the time of ${other[1]}`
  return { title, bound: 'at most', limit, unit: 'ratio', measured: (results) => ratio(results, own, other) }
}

/** How many times as long `other` takes. */
function advantage(own: Place, other: Place, limit: number): Target {
  const title = `${own[1]}: times faster than ${other[1]}`
  return { title, bound: 'at least', limit, unit: 'ratio', measured: (results) => ratio(results, other, own) }
}

function ratio(results: Results, numerator: Place, denominator: Place): number | undefined {
  return quotient(contenderOf(results, ...numerator)?.ns?.median, contenderOf(results, ...denominator)?.ns?.median)
}

function quotient(numerator: number | undefined, denominator: number | undefined): number | undefined {
  return numerator === undefined || denominator === undefined ? undefined : numerator / denominator
}

function titled(title: string, target: Target): Target {
  return { ...target, title }
}

function made(what: 'timers' | 'abortControllers', place: Place, limit: number): Target {
  return {
    title: `${place[1]}: ${what === 'timers' ? 'timers' : 'AbortControllers'} made per call`,
    bound: 'at most',
    limit,
    unit: 'count',
    measured: (results) => contenderOf(results, ...place)?.makings?.[what],
  }
}

function idle(
  breaker: (typeof BREAKERS)[number],
  what: string,
  rest: Pick<Target, 'limit' | 'unit'> & { readonly of: (population: PopulationResult) => number },
): Target {
  const { limit, unit, of } = rest
  return {
    title: `10 000 idle proxies, ${breaker}: ${what}`,
    bound: 'at most',
    limit,
    unit,
    measured: ({ populations }) => {
      const population = populations.find(({ name }) => name === `svcproxy, ${breaker}`)
      return population === undefined ? undefined : of(population)
    },
  }
}

function throughput(framework: Framework, own: HttpVariant, other: HttpVariant, limit: number): Target {
  const median = ({ http }: Results, variant: HttpVariant): number | undefined =>
    http.find((result: HttpResult) => result.framework === framework && result.variant === variant)?.requestsPerSecond
      .median
  return {
    title: `${framework}, ${own}: of the throughput of ${other}`,
    bound: 'at least',
    limit,
    unit: 'ratio',
    measured: (results) => quotient(median(results, own), median(results, other)),
  }
}

function duration(place: Place, limitMs: number): Target {
  return {
    title: place[1],
    bound: 'at most',
    limit: limitMs,
    unit: 'ms',
    measured: (results) => quotient(contenderOf(results, ...place)?.ns?.median, 1e6),
  }
}

const viewed: Target = {
  title: `p99 with ${VIEWERS} viewers: of that while they watch another process`,
  bound: 'at most',
  limit: 1.05,
  unit: 'ratio',
  measured: ({ viewers }) => {
    const p99Of = (what: Watched): number | undefined => viewers.find(({ watched }) => watched === what)?.p99Ms
    return quotient(p99Of('this process'), p99Of('another process'))
  },
}

/** In the order of the tables. All ratios are of medians of the same run. */
export const targets: readonly Target[] = [
  cost(['get', 'svcproxy get'], ['get', 'lru-cache fetch'], 1),
  advantage(['get', 'svcproxy get'], ['get', 'bentocache getOrSet'], 15),

  cost(['call', 'svcproxy call, opossum'], OPOSSUM, 0.75),
  cost(['call', 'svcproxy call, native'], OPOSSUM, 0.4),
  advantage(['call', 'svcproxy call, native'], COCKATIEL, 12),
  ...BREAKERS.map((breaker) =>
    cost(['call', `svcproxy facade, ${breaker}`], ['call', `svcproxy call, ${breaker}`], 1.15),
  ),
  ...BREAKERS.map((breaker) =>
    cost(['call', `svcproxy facade, nested, ${breaker}`], ['call', `svcproxy call, ${breaker}`], 1.25),
  ),
  ...BREAKERS.map((breaker) => made('timers', ['call', `svcproxy call, ${breaker}`], 0)),
  ...BREAKERS.map((breaker) => made('abortControllers', ['call', `svcproxy call, ${breaker}`], 0)),
  made('abortControllers', ['signals', 'svcproxy call, signal read'], 1),

  cost(['policies', 'svcproxy call, failure rate over 10 s'], ['policies', 'svcproxy call'], 1.1),
  cost(['policies', 'svcproxy call, failure rate over 100 calls'], ['policies', 'svcproxy call'], 1.1),
  cost(['policies', 'svcproxy facade, settings of another method'], ['policies', 'svcproxy facade'], 1.05),
  cost(['policies', 'svcproxy facade, settings of the method'], ['policies', 'svcproxy facade'], 1.05),
  cost(['policies', 'svcproxy facade, retry'], ['policies', 'svcproxy facade'], 1.1),

  ...BREAKERS.map((breaker) =>
    titled(
      `rejection while open, ${breaker}: of the time of opossum’s`,
      cost(['rejection', `svcproxy call, ${breaker}`], ['rejection', OPOSSUM[1]], breaker === 'native' ? 0.6 : 1),
    ),
  ),
  ...BREAKERS.map((breaker) =>
    titled(
      `one failure after 100 000 successes, ${breaker}: of the time of opossum’s, defaults`,
      cost(
        ['failure-in-window', `svcproxy call, ${breaker}`],
        ['failure-in-window', 'opossum fire, defaults'],
        1 / 200,
      ),
    ),
  ),
  titled(
    'a call with 10 000 services: of the time with one',
    cost(['many-services', '10 000 services, one of them called'], ['many-services', '1 service'], 1.2),
  ),

  cost(['observed', 'a listener came and went'], ['observed', 'nobody listens'], 1.05),
  cost(['observed', 'Prometheus'], ['observed', 'opossum fire, prom-client by hand'], 1),
  titled('management snapshot of 200 services', duration(['snapshot', 'management snapshot'], 2)),

  ...BREAKERS.flatMap((breaker) => [
    idle(breaker, 'active timers in all', { limit: 1, unit: 'count', of: ({ timers }) => timers }),
    idle(breaker, 'CPU, of one core', { limit: 1, unit: 'percent', of: ({ idleCpuPercent }) => idleCpuPercent }),
    idle(breaker, 'memory of one', {
      limit: breaker === 'native' ? 2_500 : 9_000,
      unit: 'bytes',
      of: ({ heapBytes }) => heapBytes,
    }),
    idle(breaker, 'making one', { limit: 10, unit: 'us', of: ({ makeUs }) => makeUs }),
  ]),

  ...FRAMEWORKS.flatMap((framework) =>
    (['svcproxy native', 'svcproxy opossum'] as const).flatMap((variant) => [
      throughput(framework, variant, 'bare', 0.95),
      throughput(framework, variant, 'by hand', 1),
    ]),
  ),
  viewed,
]
