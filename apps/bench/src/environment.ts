import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, platform, arch, totalmem } from 'node:os'

/** On what the figures were measured. */
export interface Environment {
  /** Of the start, in UTC, as `2026-01-31`. */
  readonly date: string
  readonly node: string
  readonly v8: string
  readonly platform: string
  readonly cpu: string
  readonly cpus: number
  readonly memoryGb: number
  /** Of the minute before the start. */
  readonly loadBefore: number
  /** Of the last minute of the run. */
  readonly loadAfter: number
  /** By name of package. */
  readonly versions: Readonly<Record<string, string>>
}

/** What is known at the start. */
export function environmentAtStart(): Omit<Environment, 'loadAfter'> {
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.versions.node,
    v8: process.versions.v8,
    platform: `${platform()} ${arch()}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cpus: availableParallelism(),
    memoryGb: totalmem() / 2 ** 30,
    loadBefore: currentLoad(),
    versions: installedVersions(),
  }
}

/** The load average of the last minute: how many processes ran or wanted to. */
export function currentLoad(): number {
  return loadavg()[0] ?? Number.NaN
}

function installedVersions(): Record<string, string> {
  const { dependencies = {} } = readManifest('../package.json')
  return Object.fromEntries(
    Object.keys(dependencies).map((name) => {
      const { version = 'unknown' } = readManifest(`../node_modules/${name}/package.json`)
      return [name, version]
    }),
  )
}

interface Manifest {
  readonly version?: string
  readonly dependencies?: Readonly<Record<string, string>>
}

/** From this folder, which is `src` or `dist`. */
function readManifest(path: string): Manifest {
  const manifest: Manifest | null = toManifest(JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')))
  if (manifest === null) throw new Error(`${path} is no package.json`)
  return manifest
}

function toManifest(value: unknown): Manifest | null {
  return typeof value === 'object' ? value : null
}
