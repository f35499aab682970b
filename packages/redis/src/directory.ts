/** A connection. */
interface Client {
  sendCommand(command: readonly string[]): Promise<unknown>
}

/** Where a server is. */
export interface RedisNode {
  /** A name or an address. */
  readonly host: string
  /** Its port. */
  readonly port: number
}

/** Who is asked where the data of a namespace are: sentinels, or the nodes of a cluster. */
export interface Directory {
  /** What a node knows, of the key and its slot; undefined: nothing. */
  find(node: Client, key: string): Promise<RedisNode | undefined>
  /** Rejects when the server that was found is not, or no longer, the one. */
  verify(server: Client, key: string): Promise<unknown>
}

/** The master that sentinels know by a name. What they say may be out of date, so the server is asked for its role. */
export function mastersOf(name: string): Directory {
  return {
    find: async (sentinel) => nodeOf(await sentinel.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name])),
    verify: async (server) => {
      const [role] = listOf(await server.sendCommand(['ROLE']))
      if (role !== 'master') throw new Error(`The server that the sentinels tell of is a ${String(role)}`)
    },
  }
}

/** The master of a slot. Any node knows it, or what it was; one that is not it refuses the key. */
export const slotOwners: Directory = {
  find: async (node, key) => {
    const slot = Number(await node.sendCommand(['CLUSTER', 'KEYSLOT', key]))
    const ranges = listOf(await node.sendCommand(['CLUSTER', 'SLOTS'])).map(listOf)
    const range = ranges.find(([first, last]) => slot >= Number(first) && slot <= Number(last))
    return nodeOf(range?.[2])
  },
  verify: (server, key) => server.sendCommand(['TTL', key]),
}

/** An empty host: the one that was asked. */
function nodeOf(told: unknown): RedisNode | undefined {
  const [host, port] = listOf(told)
  const number = Number(port)
  return number > 0 ? { host: typeof host === 'string' ? host : '', port: number } : undefined
}

function listOf(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : []
}
