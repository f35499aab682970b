import { spawnSync } from 'node:child_process'

/** Where the two sides of a measurement run, so that neither waits for the other's core. */
export interface Cores {
  readonly load: number
  readonly server: number
}

/** The first and the last core that this process may use, which are never two halves of one; undefined where Linux's `taskset` is missing or there is one core only. */
export function separateCores(): Cores | undefined {
  if (process.platform !== 'linux') return undefined
  // "pid 7's current affinity list: 0-3,6"
  const { stdout } = spawnSync('taskset', ['-cp', String(process.pid)], { encoding: 'utf8' })
  const numbers =
    /list: (.+)/
      .exec(stdout ?? '')?.[1]
      ?.split(/[-,]/)
      .map(Number) ?? []
  const load = numbers.at(0)
  const server = numbers.at(-1)
  return load === undefined || server === undefined || load === server ? undefined : { load, server }
}
