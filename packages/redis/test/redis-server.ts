import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

/** What is tried: `redis-server`, or what SVCPROXY_REDIS_SERVER says, `valkey-server` for one. */
const BINARY = process.env['SVCPROXY_REDIS_SERVER'] ?? 'redis-server'
const CLI = BINARY.replace(/server$/, 'cli')

/** Undefined: it is installed. */
export const MISSING_REDIS: string | undefined =
  spawnSync(BINARY, ['--version']).status === 0 ? undefined : `${BINARY} is not on PATH: apt-get install ${BINARY}`

export const HOST = '127.0.0.1'

/** How a {@link RedisServer} is set up. */
interface Settings {
  /** Written to its configuration, which it may rewrite. */
  readonly lines?: readonly string[]
  /** It is a sentinel. */
  readonly isSentinel?: boolean
}

/** A Redis of a test's own, that keeps nothing on disk. */
export class RedisServer implements AsyncDisposable {
  readonly port: number
  readonly #folder: string
  readonly #isSentinel: boolean
  #server: ChildProcess | undefined

  private constructor(port: number, folder: string, isSentinel: boolean) {
    this.port = port
    this.#folder = folder
    this.#isSentinel = isSentinel
  }

  static async start({ lines = [], isSentinel = false }: Settings = {}): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'svcproxy-redis-'))
    const server = new RedisServer(await freePort(), folder, isSentinel)
    const place = [`port ${server.port}`, `bind ${HOST}`, `dir ${folder}`]
    const keeping = isSentinel ? [] : ['save ""', 'appendonly no']
    await writeFile(join(folder, 'redis.conf'), [...place, ...keeping, ...lines, ''].join('\n'))
    await server.start()
    return server
  }

  /** Where it is. */
  get node(): { readonly host: string; readonly port: number } {
    return { host: HOST, port: this.port }
  }

  /** After it was killed: with what was in it when {@link save} was called, or nothing. */
  async start(): Promise<void> {
    const mode = this.#isSentinel ? ['--sentinel'] : []
    const server = spawn(BINARY, [join(this.#folder, 'redis.conf'), ...mode], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    this.#server = server
    process.once('exit', () => server.kill('SIGKILL'))
    const log: string[] = []
    for await (const line of createInterface({ input: server.stdout })) {
      if (/Ready to accept connections|Sentinel ID is/.test(line)) {
        server.stdout.resume()
        return
      }
      log.push(line)
    }
    throw new Error(`Redis did not start:\n${log.join('\n')}`)
  }

  async command(...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(CLI, ['-h', HOST, '-p', String(this.port), ...args])
    return stdout.trimEnd()
  }

  /** What it has now is what it begins with, the next time. */
  async save(): Promise<void> {
    await this.command('SAVE')
  }

  /** Begins with nothing again, the next time. */
  async unsave(): Promise<void> {
    await rm(join(this.#folder, 'dump.rdb'), { force: true })
  }

  /** As a machine that stands still: connections stay, and nothing answers. */
  freeze(): void {
    this.#server?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#server?.kill('SIGCONT')
  }

  /** As by a crash. */
  async kill(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    // One that has ended by itself tells it no more.
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const exited = once(server, 'exit')
    server.kill('SIGKILL')
    await exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** A port that nobody listens at. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('It has a port')
  return address.port
}
