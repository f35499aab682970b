import { vi } from 'vitest'
import { HOST, RedisServer } from './redis-server.ts'

/** What the sentinels call the master. */
export const MASTER = 'fleet'

/** A master, a replica, and a sentinel that makes the one the other. */
export class RedisSentinels implements AsyncDisposable {
  /** The first is the master, to begin with. */
  readonly servers: readonly RedisServer[]
  readonly sentinel: RedisServer

  private constructor(servers: readonly RedisServer[], sentinel: RedisServer) {
    this.servers = servers
    this.sentinel = sentinel
  }

  static async start(): Promise<RedisSentinels> {
    const quickly = 'repl-diskless-sync-delay 0'
    const master = await RedisServer.start({ lines: [quickly] })
    const replica = await RedisServer.start({ lines: [quickly, `replicaof ${HOST} ${master.port}`] })
    const watched = `sentinel monitor ${MASTER} ${HOST} ${master.port} 1`
    const times = [`sentinel down-after-milliseconds ${MASTER} 1500`, `sentinel failover-timeout ${MASTER} 1000`]
    const sentinel = await RedisServer.start({ isSentinel: true, lines: [watched, ...times] })
    const sentinels = new RedisSentinels([master, replica], sentinel)
    await sentinels.master(1)
    return sentinels
  }

  /** The master, when the sentinel knows it and so many servers follow it. */
  master(followers: number): Promise<RedisServer> {
    return vi.waitFor(
      async () => {
        const [, port] = (await this.sentinel.command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER)).split('\n')
        const replicas = await this.sentinel.command('SENTINEL', 'REPLICAS', MASTER)
        const master = this.servers.find((server) => String(server.port) === port)
        const replication = (await master?.command('INFO', 'REPLICATION')) ?? ''
        const known = replicas.match(/^flags\nslave$/gm)?.length ?? 0
        const online = replication.match(/^slave\d:.*state=online/gm)?.length ?? 0
        if (master === undefined || known < followers || online < followers)
          throw new Error(`${replicas}\n${replication}`)
        return master
      },
      { timeout: 20_000, interval: 50 },
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.sentinel, ...this.servers].map((server) => server[Symbol.asyncDispose]()))
  }
}
