import type { Results, ScenarioResult } from '../results.ts'
import { VIEWERS } from '../http/servers/contenders.ts'
import type { Verdict } from '../targets.ts'
import {
  formatCount,
  formatFigure,
  formatInUnit,
  formatLimit,
  formatMiddleHalf,
  formatNs,
  formatRatio,
  significant,
} from './figures.ts'
import type { Table } from './table.ts'

/** A table with its title and what it means. */
export interface Section {
  readonly title: string
  readonly text: string
  readonly table: Table
}

const NONE = '–'

/** One for everything that was measured. */
export function sectionsOf(results: Results): Section[] {
  return [
    ...results.scenarios.map(scenarioSection),
    ...(hasMakings(results) ? [makingsSection(results)] : []),
    ...(results.populations.length > 0 ? [populationSection(results)] : []),
    ...(results.http.length > 0 ? [httpSection(results)] : []),
    ...(results.viewers.length > 0 ? [viewersSection(results)] : []),
  ]
}

function scenarioSection({ title, meaning, reference, contenders }: ScenarioResult): Section {
  const base = contenders.find(({ name }) => name === reference)?.ns?.median
  const columns: Array<[title: string, cell: (contender: ScenarioResult['contenders'][number]) => string | undefined]> =
    [
      ['', ({ name }) => name],
      ['median', ({ ns }) => ns && formatNs(ns.median)],
      ['middle half', ({ ns }) => ns && formatMiddleHalf(ns)],
      [`× ${reference}`, ({ ns }) => (ns && base !== undefined ? formatRatio(ns.median / base) : undefined)],
      ['bytes', ({ bytes }) => (bytes === undefined ? undefined : formatCount(bytes))],
      ['instructions', ({ instructions }) => (instructions === undefined ? undefined : formatCount(instructions))],
    ]
  // A figure that nobody has needs no column.
  const shown = columns.filter(([, cell]) => contenders.some((contender) => cell(contender) !== undefined))
  return {
    title,
    text: meaning,
    table: {
      head: shown.map(([head]) => head),
      rows: contenders.map((contender) => shown.map(([, cell]) => cell(contender) ?? NONE)),
    },
  }
}

function hasMakings({ scenarios }: Results): boolean {
  return scenarios.some(({ contenders }) => contenders.some(({ makings }) => makings !== undefined))
}

function makingsSection({ scenarios }: Results): Section {
  return {
    title: 'What a call allocates',
    text: 'Timers and AbortControllers made for each call, counted. Both are expensive in Node.js, and a timer also stays in a list until it ends or is cleared. A deadline without a timer of its own is kept by one that many calls share.',
    table: {
      head: ['', 'timers', 'AbortControllers'],
      rows: scenarios.flatMap(({ contenders }) =>
        contenders.flatMap(({ name, makings }) =>
          makings === undefined
            ? []
            : [[name, formatInUnit(makings.timers, 'count'), formatInUnit(makings.abortControllers, 'count')]],
        ),
      ),
    },
  }
}

function populationSection({ populations }: Results): Section {
  return {
    title: `${formatCount(populations[0]?.count ?? 0)} of them, idle`,
    text: 'What it costs to have a proxy, or a breaker, for each of very many services while nobody calls them: how long it takes to make one, how much memory one holds, how many timers all of them together keep, and how much of one core the idle process uses. A proxy also has a cache and metrics, which a breaker has not. Some of what a proxy needs is made at its first call, so there are rows for proxies that were called before they were left alone.',
    table: {
      head: ['', 'making one', 'memory of one', 'timers in all', 'CPU, of one core'],
      rows: populations.map(({ name, makeUs, heapBytes, timers, idleCpuPercent }) => [
        name,
        formatInUnit(makeUs, 'us'),
        formatInUnit(heapBytes, 'bytes'),
        formatInUnit(timers, 'count'),
        formatInUnit(idleCpuPercent, 'percent'),
      ]),
    },
  }
}

function httpSection({ http }: Results): Section {
  return {
    title: 'A request that calls a service once',
    text: 'How many requests a second a server answers whose handler makes one guarded call, under the load of 32 connections. “Bare” has no guard; “by hand” has opossum, lru-cache and prom-client put together in the application. “Of bare” and “of by hand” compare the medians of the same framework: above 1 means more requests a second. CPU is what the server’s process uses for a request; p50 and p99 are the times that half of the requests, and 99 of 100, do not exceed.',
    table: {
      head: ['', 'requests/s', 'middle half', 'of bare', 'of by hand', 'CPU', 'p50', 'p99'],
      rows: http.map(({ framework, variant, requestsPerSecond, cpuUsPerRequest, p50Ms, p99Ms }) => {
        const comparedWith = (other: string): string => {
          const base = http.find((result) => result.framework === framework && result.variant === other)
          return base === undefined ? NONE : formatRatio(requestsPerSecond.median / base.requestsPerSecond.median)
        }
        return [
          `${framework}, ${variant}`,
          formatCount(requestsPerSecond.median),
          `${formatCount(requestsPerSecond.q1)} … ${formatCount(requestsPerSecond.q3)}`,
          comparedWith('bare'),
          comparedWith('by hand'),
          `${significant(cpuUsPerRequest)} µs`,
          `${significant(p50Ms)} ms`,
          `${significant(p99Ms)} ms`,
        ]
      }),
    },
  }
}

function viewersSection({ viewers }: Results): Section {
  return {
    title: 'Requests while operators watch',
    text: 'What viewers of the dashboard cost those who use the application. An Express server has 200 services and the dashboard; a request makes one guarded call to the next of them. It is sent half of the requests that it could answer, evenly, those of a millisecond together, whether it keeps up or not. Each viewer polls the snapshot as the page of the dashboard does: two seconds after the answer before, with its ETag. Since the services are called all the time, a snapshot has always changed. In the second row they watch another process on the same machine, for which the server does nothing: the machine has two cores for all of them, and only the third row’s difference from that is the server’s. CPU is all that the server’s process uses, its work for viewers included, by request.',
    table: {
      head: ['', 'requests/s', 'p50', 'p99', 'CPU', 'snapshots/s', 'size of one'],
      rows: viewers.map((result) => [
        result.watched === 'nothing' ? 'nobody watches' : `${VIEWERS} watch ${result.watched}`,
        formatCount(result.requestsPerSecond),
        formatInUnit(result.p50Ms, 'ms'),
        formatInUnit(result.p99Ms, 'ms'),
        formatInUnit(result.cpuUsPerRequest, 'us'),
        result.pollsPerSecond === 0 ? NONE : significant(result.pollsPerSecond),
        result.bytesPerPoll === 0 ? NONE : formatInUnit(result.bytesPerPoll, 'bytes'),
      ]),
    },
  }
}

/** Those that were judged; what was not measured is told by {@link summaryOf}. */
export function targetTable(verdicts: readonly Verdict[]): Table {
  return {
    head: ['', 'target', 'measured', ''],
    rows: verdicts.flatMap(({ target, figure, outcome }) =>
      figure === undefined
        ? []
        : [[target.title, formatLimit(target), formatFigure(target, figure), outcome === 'met' ? 'pass' : 'MISS']],
    ),
  }
}

/** In one line. */
export function summaryOf(verdicts: readonly Verdict[]): string {
  const count = (outcome: Verdict['outcome']): number =>
    verdicts.filter((verdict) => verdict.outcome === outcome).length
  const unmeasured = count('not measured')
  const rest = unmeasured === 0 ? '' : `; ${unmeasured} not measured`
  return `${count('met')} of ${verdicts.length - unmeasured} targets met${rest}`
}
