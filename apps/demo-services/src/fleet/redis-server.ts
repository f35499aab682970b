import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../processes/free-port.ts'
import { hireJanitor } from '../processes/janitor.ts'

const COMMAND = 'redis-server'
const HOST = '127.0.0.1'
const START_TIMEOUT_MS = 10_000
/** The minimum version for `@svcproxy/redis`. */
const OLDEST = { major: 6, minor: 2 }

/** A real Redis as a child process, with its data in a temporary folder, that can be killed. */
export class RedisServer implements AsyncDisposable {
  readonly url: string
  readonly version: string
  /** The folder with its data. */
  readonly folder: string
  readonly #settings: string
  readonly #sendJanitorHome: () => void
  #server: ChildProcess | undefined

  private constructor(version: string, folder: string, port: number) {
    const password = randomBytes(16).toString('hex')
    this.version = version
    this.url = `redis://:${password}@${HOST}:${port}`
    this.folder = folder
    this.#settings = [
      `port ${port}`,
      `bind ${HOST}`,
      `requirepass ${password}`,
      `dir ${JSON.stringify(folder)}`,
      // Written data have left the process and survive it.
      'appendonly yes',
      'appendfsync no',
      'save ""',
    ].join('\n')
    this.#sendJanitorHome = hireJanitor(folder)
  }

  /** @throws when Redis is not installed or too old */
  static async start(): Promise<RedisServer> {
    const version = installedVersion()
    const folder = await mkdtemp(join(tmpdir(), 'svcproxy-demo-redis-'))
    const redis = new RedisServer(version, folder, await freePort())
    try {
      await redis.start()
      return redis
    } catch (error) {
      await redis[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Undefined while it is stopped. */
  get pid(): number | undefined {
    return this.#server?.pid
  }

  /** Starts it again after {@link RedisServer.kill}, with its data. */
  async start(): Promise<void> {
    // Detached: Ctrl-C in the terminal is for the application only. The settings contain the password, so they are not
    // an argument.
    const server = spawn(COMMAND, ['-'], { detached: true, stdio: ['pipe', 'pipe', 'ignore'] })
    this.#server = server
    server.stdin.end(this.#settings)
    await untilReady(server)
    await writeFile(this.#pidFile, String(server.pid))
  }

  /** Kills the process, as in a crash. Resolves when it is gone. */
  async kill(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    await rm(this.#pidFile, { force: true })
    // It may have ended by itself, or been ended by somebody else.
    if (server?.pid === undefined || server.exitCode !== null || server.signalCode !== null) return
    const exited = once(server, 'exit')
    server.kill('SIGKILL')
    await exited
  }

  /** Stops it and removes its data. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    await rm(this.folder, { recursive: true, force: true })
    this.#sendJanitorHome()
  }

  /** Read by the janitor. */
  get #pidFile(): string {
    return join(this.folder, 'pid')
  }
}

/** @param command for tests @throws when there is no usable Redis; the message says what to do */
export function installedVersion(command: string = COMMAND): string {
  const { stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' })
  const [, version, major, minor] = /v=((\d+)\.(\d+)\S*)/.exec(stdout ?? '') ?? []
  if (version === undefined) {
    throw new Error(
      'A fleet needs redis-server, which is not installed. On Debian and Ubuntu: apt-get install redis-server; on macOS: brew install redis',
    )
  }
  const isOld = Number(major) < OLDEST.major || (Number(major) === OLDEST.major && Number(minor) < OLDEST.minor)
  if (isOld) throw new Error(`A fleet needs Redis ${OLDEST.major}.${OLDEST.minor} or newer; redis-server is ${version}`)
  return version
}

async function untilReady(server: ChildProcess): Promise<void> {
  const { stdout } = server
  let log = ''
  await new Promise<void>((resolve, reject) => {
    stdout?.setEncoding('utf8').on('data', (text: string) => {
      log = `${log}${text}`.slice(-4_000)
      if (log.includes('Ready to accept connections')) resolve()
    })
    server.once('error', reject)
    server.once('exit', () => reject(new Error(`Redis did not start:\n${log}`)))
    setTimeout(() => reject(new Error(`Redis did not start in time:\n${log}`)), START_TIMEOUT_MS).unref()
  })
}
