import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { hireJanitor } from '../janitor.ts'
import { findPrograms, unprivileged } from './binaries.ts'
import type { RunAs } from './binaries.ts'
import { childrenOf, signalAll } from './processes.ts'

const USER = 'soak'
const HOST = '127.0.0.1'
const START_TIMEOUT_MS = 20_000
const ENVIRONMENT = { ...process.env, LC_ALL: 'C' }

const SETTINGS: readonly string[] = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'max_connections=300',
  'fsync=off',
  // A query whose client has hung up is cancelled: nobody else cancels it.
  'client_connection_check_interval=100ms',
]

/** The pids of what is to be killed are in `data/postmaster.pid` and, of a frozen database, in `frozen`. */
const CLEAN_UP = `
  kill -KILL $(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) $(cat "$1/frozen" 2>/dev/null) 2>/dev/null
  rm -rf "$1"`

interface Place {
  readonly folder: string
  readonly programs: string
  readonly runAs: RunAs
  readonly port: number
  readonly password: string
}

/**
 * A real PostgreSQL in processes of its own, with its data in a temporary folder. The one of the demos is theirs; this one
 * has other settings and no more than a soak needs.
 */
export class EmbeddedPostgres implements AsyncDisposable {
  readonly url: string
  readonly #place: Place
  readonly #sendJanitorHome: () => void
  #postmaster: ChildProcess | undefined
  #frozen: number[] = []

  private constructor(place: Place) {
    this.url = `postgresql://${USER}:${place.password}@${HOST}:${place.port}/postgres`
    this.#place = place
    this.#sendJanitorHome = hireJanitor(CLEAN_UP, place.folder)
  }

  /** Makes a database and starts it. */
  static async start(): Promise<EmbeddedPostgres> {
    const runAs = await unprivileged()
    const folder = await mkdtemp(join(tmpdir(), 'svcproxy-soak-'))
    try {
      const programs = await findPrograms(runAs, join(folder, 'postgresql'))
      const place = { folder, programs, runAs, port: await freePort(), password: randomBytes(16).toString('hex') }
      await initialise(place)
      const database = new EmbeddedPostgres(place)
      await database.start()
      return database
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      throw error
    }
  }

  /** Starts it again after {@link EmbeddedPostgres.crash}, with the data it had. */
  async start(): Promise<void> {
    const { folder, programs, runAs, port } = this.#place
    const flags = ['-D', join(folder, 'data'), '-p', String(port), ...SETTINGS.flatMap((setting) => ['-c', setting])]
    this.#postmaster = spawn(join(programs, 'postgres'), flags, {
      ...runAs,
      detached: true, // the terminal's ^C is for the soak, which stops its database last
      env: ENVIRONMENT,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    await untilReady(this.#postmaster)
  }

  /** Ends it at once: connections break, nothing is written, and what was under way is lost. */
  async crash(): Promise<void> {
    await this.#end('SIGQUIT')
  }

  /** Stops all its processes where they are: connections stay open and nobody answers. */
  async freeze(): Promise<void> {
    const pid = this.#postmaster?.pid
    if (pid === undefined) return
    // The postmaster first, so that no child is born meanwhile.
    signalAll([pid], 'SIGSTOP')
    this.#frozen = [pid, ...childrenOf(pid)]
    signalAll(this.#frozen, 'SIGSTOP')
    await writeFile(join(this.#place.folder, 'frozen'), this.#frozen.join('\n'))
  }

  /** Lets it go on as if nothing had happened. */
  async thaw(): Promise<void> {
    signalAll(this.#frozen, 'SIGCONT')
    this.#frozen = []
    await rm(join(this.#place.folder, 'frozen'), { force: true })
  }

  /** Stops it and removes its data. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.thaw()
    await this.#end('SIGQUIT')
    await rm(this.#place.folder, { recursive: true, force: true })
    this.#sendJanitorHome()
  }

  /** The postmaster ends last of its family. */
  async #end(signal: NodeJS.Signals): Promise<void> {
    const postmaster = this.#postmaster
    this.#postmaster = undefined
    if (postmaster === undefined || postmaster.exitCode !== null || postmaster.signalCode !== null) return
    const exit = once(postmaster, 'exit')
    postmaster.kill(signal)
    await exit
  }
}

async function initialise({ folder, programs, runAs, password }: Place): Promise<void> {
  const data = join(folder, 'data')
  const passwordFile = join(folder, 'password')
  await mkdir(data, { mode: 0o700 })
  await writeFile(passwordFile, password, { mode: 0o600 })
  if (runAs.uid !== undefined && runAs.gid !== undefined) {
    await chmod(folder, 0o711)
    for (const path of [data, passwordFile]) await chown(path, runAs.uid, runAs.gid)
  }
  // As a secret on loopback it will do, and it costs next to nothing: many a pool is opened.
  const flags = ['--auth=password', '--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions']
  const args = ['-D', data, `--username=${USER}`, `--pwfile=${passwordFile}`, ...flags]
  await promisify(execFile)(join(programs, 'initdb'), args, { ...runAs, env: ENVIRONMENT })
  await rm(passwordFile)
}

async function untilReady(postmaster: ChildProcess): Promise<void> {
  let log = ''
  await new Promise<void>((resolve, reject) => {
    postmaster.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log = `${log}${text}`.slice(-4_000)
      if (log.includes('ready to accept connections')) resolve()
    })
    postmaster.once('error', reject)
    postmaster.once('exit', () => reject(new Error(`PostgreSQL did not start:\n${log}`)))
    setTimeout(() => reject(new Error(`PostgreSQL did not start in time:\n${log}`)), START_TIMEOUT_MS).unref()
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new TypeError('A TCP server without a port')
  return address.port
}
