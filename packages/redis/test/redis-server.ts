import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

/** Undefined: it is installed. */
export const MISSING_REDIS: string | undefined =
  spawnSync('redis-server', ['--version']).status === 0
    ? undefined
    : 'redis-server is not on PATH: apt-get install redis-server'

const HOST = '127.0.0.1'

/** A Redis of a test's own, that keeps nothing on disk. */
export class RedisServer implements AsyncDisposable {
  readonly port: number
  readonly #folder: string
  #server: ChildProcess | undefined

  private constructor(port: number, folder: string) {
    this.port = port
    this.#folder = folder
  }

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), await mkdtemp(join(tmpdir(), 'svcproxy-redis-')))
    await server.start()
    return server
  }

  /** After it was killed: with what was in it when {@link save} was called, or nothing. */
  async start(): Promise<void> {
    const place = ['--port', String(this.port), '--bind', HOST, '--dir', this.#folder]
    const server = spawn('redis-server', [...place, '--save', '', '--appendonly', 'no'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    this.#server = server
    process.once('exit', () => server.kill('SIGKILL'))
    const log: string[] = []
    for await (const line of createInterface({ input: server.stdout })) {
      if (line.includes('Ready to accept connections')) {
        server.stdout.resume()
        return
      }
      log.push(line)
    }
    throw new Error(`Redis did not start:\n${log.join('\n')}`)
  }

  async command(...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)('redis-cli', ['-h', HOST, '-p', String(this.port), ...args])
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
    if (server === undefined) return
    const exited = once(server, 'exit')
    server.kill('SIGKILL')
    await exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('It has a port')
  return address.port
}
