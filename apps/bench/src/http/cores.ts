import { spawnSync } from 'node:child_process'

/** Where the sides of a measurement run, so that the server waits for nobody's core. */
export interface Cores {
  readonly load: number
  readonly server: number
  /** Of those who watch the server; the one of the load when there is no third. */
  readonly viewers: number
}

/** Of the cores that this process may use; undefined where Linux's `taskset` is missing or there is one core only. */
export function separateCores(): Cores | undefined {
  if (process.platform !== 'linux') return undefined
  // "pid 7's current affinity list: 0-3,6"
  const { stdout } = spawnSync('taskset', ['-cp', String(process.pid)], { encoding: 'utf8' })
  return coresAmong(/list: (.+)/.exec(stdout ?? '')?.[1] ?? '')
}

/** The first and the last of a list like `0-3,6`, which are never two halves of one core; and one between them. */
export function coresAmong(list: string): Cores | undefined {
  const numbers = list.split(',').flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
  const load = numbers.at(0)
  const server = numbers.at(-1)
  if (load === undefined || server === undefined || load === server) return undefined
  return { load, server, viewers: numbers.slice(1, -1).at((numbers.length - 2) >> 1) ?? load }
}
