import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findPostgresBinaries } from './binaries.ts'
import type { PostgresBinaries, RunAs } from './binaries.ts'
import { freePort } from '../processes/free-port.ts'
import { hireJanitor } from '../processes/janitor.ts'
import { processFamily, signalAll, untilGone } from '../processes/processes.ts'

const USER = 'demo'
const HOST = '127.0.0.1'
/** The default maximum of all clients together. */
const MAX_CONNECTIONS = 60
const START_TIMEOUT_MS = 20_000
const STOP_TIMEOUT_MS = 5_000

/** A real PostgreSQL as child processes, with its data in a temporary folder, that can be killed. */
export class EmbeddedPostgres implements AsyncDisposable {
  readonly url: string
  readonly #folder: string
  readonly #port: number
  readonly #maxConnections: number
  readonly #runAs: RunAs
  readonly #binaries: PostgresBinaries
  readonly #sendJanitorHome: () => void
  #postmaster: ChildProcess | undefined
  #frozen: number[] = []

  private constructor(parts: {
    folder: string
    port: number
    maxConnections: number
    password: string
    runAs: RunAs
    binaries: PostgresBinaries
  }) {
    this.url = `postgresql://${USER}:${parts.password}@${HOST}:${parts.port}/postgres`
    this.#folder = parts.folder
    this.#port = parts.port
    this.#maxConnections = parts.maxConnections
    this.#runAs = parts.runAs
    this.#binaries = parts.binaries
    this.#sendJanitorHome = hireJanitor(parts.folder)
  }

  /** Creates a database and starts it. @param maxConnections the maximum of all clients together */
  static async start(maxConnections: number = MAX_CONNECTIONS): Promise<EmbeddedPostgres> {
    const runAs = process.getuid?.() === 0 ? await nobody() : {}
    const folder = await mkdtemp(join(tmpdir(), 'svcproxy-demo-'))
    try {
      const binaries = await findPostgresBinaries(runAs, join(folder, 'postgresql'))
      const password = randomBytes(16).toString('hex')
      await initialise({ folder, password, runAs, binaries })
      const database = new EmbeddedPostgres({
        folder,
        port: await freePort(),
        maxConnections,
        password,
        runAs,
        binaries,
      })
      await database.start()
      return database
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      throw error
    }
  }

  /** The process id of the postmaster, which accepts connections; undefined while it is stopped. */
  get pid(): number | undefined {
    return this.#postmaster?.pid
  }

  /** Starts it again after {@link EmbeddedPostgres.kill}, with its data. */
  async start(): Promise<void> {
    const limit = `max_connections=${this.#maxConnections}`
    const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', limit, 'fsync=off']
    const flags = ['-D', join(this.#folder, 'data'), '-p', String(this.#port)]
    const postmaster = spawn(this.#binaries.postgres, [...flags, ...settings.flatMap((setting) => ['-c', setting])], {
      ...this.#runAs,
      detached: true, // Ctrl-C in the terminal is for the application, which stops its database last
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#postmaster = postmaster
    await untilReady(postmaster)
  }

  /** Kills the processes, as in a crash, without closing connections. Resolves when all are gone. */
  async kill(): Promise<void> {
    const postmaster = this.#postmaster
    if (postmaster?.pid === undefined) return
    this.#postmaster = undefined
    const family = processFamily(postmaster.pid)
    postmaster.kill('SIGKILL')
    // The children notice by themselves; until then their shared memory would prevent a new start.
    await untilGone(family, STOP_TIMEOUT_MS)
  }

  /** Suspends all its processes: connections stay open, but nobody answers. */
  async freeze(): Promise<void> {
    const { pid } = this
    if (pid === undefined) return
    // The postmaster first, so that it starts no more children.
    signalAll([pid], 'SIGSTOP')
    this.#frozen = processFamily(pid)
    signalAll(this.#frozen, 'SIGSTOP')
    await writeFile(join(this.#folder, 'frozen'), this.#frozen.join('\n'))
  }

  /** Resumes the processes. */
  async thaw(): Promise<void> {
    const frozen = this.#frozen
    this.#frozen = []
    signalAll(frozen, 'SIGCONT')
    await rm(join(this.#folder, 'frozen'), { force: true })
  }

  /** Stops it and removes its data. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { pid } = this
    await this.thaw()
    if (pid !== undefined) {
      const family = processFamily(pid)
      this.#postmaster?.kill('SIGINT')
      await untilGone(family, STOP_TIMEOUT_MS)
    }
    this.#postmaster = undefined
    await rm(this.#folder, { recursive: true, force: true })
    this.#sendJanitorHome()
  }
}

/** PostgreSQL refuses to run as root. */
async function nobody(): Promise<RunAs> {
  const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => promisify(execFile)('id', [flag, 'nobody'])))
  return { uid: Number(uid?.stdout), gid: Number(gid?.stdout) }
}

async function initialise(parts: {
  folder: string
  password: string
  runAs: RunAs
  binaries: PostgresBinaries
}): Promise<void> {
  const { folder, password, runAs, binaries } = parts
  const data = join(folder, 'data')
  const passwordFile = join(folder, 'password')
  await mkdir(data, { mode: 0o700 })
  await writeFile(passwordFile, password, { mode: 0o600 })
  if (runAs.uid !== undefined && runAs.gid !== undefined) {
    await chmod(folder, 0o711)
    for (const path of [data, passwordFile]) await chown(path, runAs.uid, runAs.gid)
  }
  const flags = ['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions']
  const args = ['-D', data, `--username=${USER}`, `--pwfile=${passwordFile}`, ...flags]
  await promisify(execFile)(binaries.initdb, args, { ...runAs, env: { ...process.env, LC_ALL: 'C' } })
  await rm(passwordFile)
}

async function untilReady(postmaster: ChildProcess): Promise<void> {
  const { stderr } = postmaster
  let log = ''
  const ready = new Promise<void>((resolve, reject) => {
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      log = `${log}${text}`.slice(-4_000)
      if (log.includes('ready to accept connections')) resolve()
    })
    postmaster.once('error', reject)
    postmaster.once('exit', () => reject(new Error(`PostgreSQL did not start:\n${log}`)))
    setTimeout(() => reject(new Error(`PostgreSQL did not start in time:\n${log}`)), START_TIMEOUT_MS).unref()
  })
  await ready
}
