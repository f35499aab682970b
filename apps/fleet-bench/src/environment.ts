import { execFileSync } from 'node:child_process'
import { arch, availableParallelism, cpus, loadavg, platform } from 'node:os'

/** On what the figures were measured. */
export interface Environment {
  /** In UTC, as `2026-01-31`. */
  readonly date: string
  readonly node: string
  readonly redis: string
  readonly platform: string
  readonly cpu: string
  readonly cores: number
  /** Of the minute before the run, and of its last. */
  readonly loadBefore: number
  readonly loadAfter: number
  readonly seed: number
}

/** What is known at the start. @throws Error when there is no redis-server */
export function environmentAtStart(seed: number): Omit<Environment, 'loadAfter'> {
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.versions.node,
    redis: redisVersion(),
    platform: `${platform()} ${arch()}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    loadBefore: currentLoad(),
    seed,
  }
}

/** The load average of the last minute: how many processes ran or wanted to. */
export function currentLoad(): number {
  return loadavg()[0] ?? Number.NaN
}

function redisVersion(): string {
  try {
    return /v=(\S+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'utf8' }))?.[1] ?? 'unknown'
  } catch (error) {
    throw new Error('redis-server is not on the PATH: apt-get install redis-server', { cause: error })
  }
}
