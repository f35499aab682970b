import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { atExit } from './at-exit.ts'

const HOST = '127.0.0.1'

/** What a Redis begins with: all that it had when it was killed, nothing, or what it had at the last {@link RedisServer.remember}. */
export type Data = 'intact' | 'empty' | 'older'

/** A Redis of our own, on a free port and in a folder of its own. It ends with this process. */
export class RedisServer implements AsyncDisposable {
  readonly port: number
  readonly #folder: string
  readonly #stayAtExit: () => void
  #server: ChildProcess | undefined

  private constructor(port: number, folder: string) {
    this.port = port
    this.#folder = folder
    this.#stayAtExit = atExit(() => {
      this.#server?.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    })
  }

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), await mkdtemp(join(tmpdir(), 'svcproxy-fleet-bench-')))
    await server.start('empty')
    return server
  }

  get url(): string {
    return `redis://${HOST}:${this.port}`
  }

  get isRunning(): boolean {
    return this.#server !== undefined
  }

  /** Resolves when it accepts connections. */
  async start(data: Data): Promise<void> {
    if (data === 'empty') await rm(this.#file('dump'), { force: true })
    if (data === 'older') await copyFile(this.#file('older'), this.#file('dump'))
    const place = ['--port', String(this.port), '--bind', HOST, '--dir', this.#folder]
    const server = spawn('redis-server', [...place, '--save', '', '--appendonly', 'no'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    this.#server = server
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

  /** What it has now are the older data. */
  async remember(): Promise<void> {
    await this.command('SAVE')
    await copyFile(this.#file('dump'), this.#file('older'))
  }

  /** As by a crash, of a Redis that has just written down all it had: nobody can change anything in between. */
  async kill(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    await this.command('CLIENT', 'PAUSE', '10000', 'WRITE')
    await this.command('SAVE')
    await this.#kill()
  }

  /** As a machine that stands still: connections stay, and nothing answers. */
  freeze(): void {
    this.#server?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#server?.kill('SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#kill()
    this.#stayAtExit()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #kill(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    // One that has ended by itself tells it no more.
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const exited = once(server, 'exit')
    server.kill('SIGKILL')
    await exited
  }

  #file(name: string): string {
    return join(this.#folder, `${name}.rdb`)
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
