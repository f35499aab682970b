/** A connection. */
interface Client {
  sendCommand(command: readonly string[]): Promise<unknown>
}

/** The address of a server. */
export interface RedisNode {
  /** A host name or an IP address. */
  readonly host: string
  /** Its port. */
  readonly port: number
}

/** Finds the server that has the data of a namespace: by asking sentinels, or the nodes of a cluster. */
export interface Directory {
  /** What a node knows about the key and its slot; undefined: nothing. */
  find(node: Client, key: string): Promise<RedisNode | undefined>
  /** Rejects if the server that was found is not, or no longer, the right one. */
  verify(server: Client, key: string): Promise<unknown>
}

/**
 * Finds the master with the given name by its sentinels. Their answer may be outdated, so the server is asked for its
 * role.
 */
export function mastersOf(name: string): Directory {
  return {
    find: async (sentinel) => nodeOf(await sentinel.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name])),
    verify: async (server) => {
      const [role] = listOf(await server.sendCommand(['ROLE']))
      if (role !== 'master')
        throw new Error(`The sentinels named a server that is not the master; its role is ${String(role)}`)
    },
  }
}

/**
 * Finds the master of a slot. Any node knows it, or the previous one; a node that is not the master rejects the key.
 */
export const slotOwners: Directory = {
  find: async (node, key) => {
    const slot = Number(await node.sendCommand(['CLUSTER', 'KEYSLOT', key]))
    const ranges = listOf(await node.sendCommand(['CLUSTER', 'SLOTS'])).map(listOf)
    const range = ranges.find(([first, last]) => slot >= Number(first) && slot <= Number(last))
    return nodeOf(range?.[2])
  },
  verify: (server, key) => server.sendCommand(['TTL', key]),
}

/** An empty host means the node that was asked. */
function nodeOf(told: unknown): RedisNode | undefined {
  const [host, port] = listOf(told)
  const number = Number(port)
  return number > 0 ? { host: typeof host === 'string' ? host : '', port: number } : undefined
}

function listOf(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : []
}
