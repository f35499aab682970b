import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, expect, vi } from 'vitest'
import { freePort } from '@svcproxy/demo-services'

/** Undefined: it is installed. */
export const MISSING_REDIS: string | undefined =
  spawnSync('redis-server', ['--version']).status === 0
    ? undefined
    : 'redis-server is not on PATH: apt-get install redis-server'

/** A Redis, and somebody who watches it with redis-cli. */
export interface WatchedRedis {
  readonly port: number
  /** How many connections the client of this name has. */
  connectionsOf(name: string): Promise<number>
  /** Resolves as soon as `count` connections wait in a blocking command. */
  untilBlocked(count: number): Promise<void>
  /** The end of the server, as by a crash, until the next test. */
  kill(): Promise<void>
}

const HOST = '127.0.0.1'
const WAIT = { timeout: 4_000, interval: 10 }

/** For the tests of the file that calls it: a server of their own, that runs and is empty when a test starts. */
export function redisServer(): WatchedRedis {
  const running: { port: number; server?: ChildProcess | undefined } = { port: 0 }
  const command = async (...args: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)('redis-cli', ['-h', HOST, '-p', String(running.port), ...args])
    return stdout
  }
  const countConnections = async (property: RegExp): Promise<number> => {
    const connections = await command('CLIENT', 'LIST')
    return connections.split('\n').filter((line) => property.test(line)).length
  }
  const kill = async (): Promise<void> => {
    const { server } = running
    running.server = undefined
    if (server === undefined) return
    server.kill('SIGKILL')
    await once(server, 'exit')
  }
  beforeAll(async () => void (running.port = await freePort()))
  beforeEach(async () => {
    running.server ??= await start(running.port)
    await command('FLUSHALL')
  })
  afterAll(kill)
  return {
    get port() {
      return running.port
    },
    connectionsOf: (name) => countConnections(new RegExp(` name=${name} `)),
    async untilBlocked(count) {
      await vi.waitFor(async () => expect(await countConnections(/ flags=b /)).toBe(count), WAIT)
    },
    kill,
  }
}

async function start(port: number): Promise<ChildProcess> {
  const flags = ['--port', String(port), '--bind', HOST, '--save', '', '--appendonly', 'no']
  const server = spawn('redis-server', flags, { stdio: ['ignore', 'pipe', 'ignore'] })
  process.once('exit', () => server.kill('SIGKILL'))
  const log: string[] = []
  for await (const line of createInterface({ input: server.stdout })) {
    if (line.includes('Ready to accept connections')) {
      server.stdout.resume()
      return server
    }
    log.push(line)
  }
  throw new Error(`Redis did not start:\n${log.join('\n')}`)
}
