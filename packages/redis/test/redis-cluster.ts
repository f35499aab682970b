import { vi } from 'vitest'
import { HOST, freePort, RedisServer } from './redis-server.ts'

const SLOTS = [
  [0, 5_460],
  [5_461, 10_922],
  [10_923, 16_383],
] as const

/** Three masters, and a replica of the one that has a key. */
export class RedisCluster implements AsyncDisposable {
  readonly masters: readonly RedisServer[]
  readonly #replica: RedisServer
  /** Which of the masters has the key. */
  readonly owner: RedisServer

  private constructor(masters: readonly RedisServer[], replica: RedisServer, owner: RedisServer) {
    this.masters = masters
    this.#replica = replica
    this.owner = owner
  }

  static async start(key: string): Promise<RedisCluster> {
    const [replica, ...masters] = await Promise.all([1, 2, 3, 4].map(() => startNode()))
    const owner = replica && (await join(replica, masters, key))
    if (replica === undefined || owner === undefined) throw new Error('There are four')
    return new RedisCluster(masters, replica, owner)
  }

  get nodes(): readonly RedisServer[] {
    return [...this.masters, this.#replica]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()))
  }
}

async function startNode(): Promise<RedisServer> {
  const cluster = ['cluster-enabled yes', 'cluster-node-timeout 2000', `cluster-port ${await freePort()}`]
  const survival = ['cluster-require-full-coverage no', 'cluster-replica-validity-factor 0']
  return RedisServer.start({ lines: [...cluster, ...survival, 'repl-diskless-sync-delay 0'] })
}

/** @returns the master of the key */
async function join(
  replica: RedisServer,
  masters: readonly RedisServer[],
  key: string,
): Promise<RedisServer | undefined> {
  for (const [index, [first, last]] of SLOTS.entries()) {
    await masters[index]?.command('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
    await masters[index]?.command('CLUSTER', 'ADDSLOTSRANGE', String(first), String(last))
  }
  const busOf = async (node: RedisServer): Promise<string> => {
    const [, bus = ''] = /@(\d+)/.exec(await node.command('CLUSTER', 'NODES')) ?? []
    return bus
  }
  for (const node of masters) {
    await replica.command('CLUSTER', 'MEET', HOST, String(node.port), await busOf(node))
  }
  const all = [replica, ...masters]
  const isDone = (check: (info: string) => boolean) =>
    vi.waitFor(
      async () => {
        const infos = await Promise.all(all.map((node) => node.command('CLUSTER', 'INFO')))
        if (!infos.every(check)) throw new Error(infos.join('\n'))
      },
      { timeout: 20_000, interval: 50 },
    )
  await isDone((info) => info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:4'))
  const slot = Number(await replica.command('CLUSTER', 'KEYSLOT', key))
  const owner = masters[SLOTS.findIndex(([first, last]) => slot >= first && slot <= last)]
  if (owner === undefined) return undefined
  await replica.command('CLUSTER', 'REPLICATE', await owner.command('CLUSTER', 'MYID'))
  await vi.waitFor(
    async () => {
      const replication = await replica.command('INFO', 'REPLICATION')
      if (!replication.includes('master_link_status:up')) throw new Error(replication)
    },
    { timeout: 20_000, interval: 50 },
  )
  return owner
}
