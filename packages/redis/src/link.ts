import { createClient, ErrorReply } from '@redis/client'
import type { AnyRedisClientOptions } from '@redis/client'
import type { RedisNode } from './directory.ts'
import { firstToKnow } from './first-to-know.ts'
import type { Lookup, ResolvedOptions } from './options.ts'
import type { Script } from './script.ts'

/** Is notified of what happens to a link. */
export interface LinkListener {
  /** Both connections are established, and the subscription was acknowledged. */
  ready(): void
  /** The link has ended. Called once, even if the link was never ready. */
  ended(error: Error): void
  /** A message on the channel. */
  message(text: string): void
}

type Client = ReturnType<typeof createClient>

const isNotKnown = (error: unknown): boolean => error instanceof Error && error.message.startsWith('NOSCRIPT')
/** The server answers, but does not have the data: it is not ready yet, or was replaced. */
const isNoLonger = (error: Error): boolean =>
  /^(READONLY|LOADING|MASTERDOWN|NOREPLICAS|MOVED|CLUSTERDOWN)\b/.test(error.message)

/**
 * A pair of connections, for commands and for the subscription. They are opened and closed together: if one of them is
 * lost, or a command times out, both are closed. A link does not reconnect; a new one replaces it.
 */
export class Link {
  readonly #options: ResolvedOptions
  readonly #listener: LinkListener
  readonly #abort = new AbortController()
  /** All clients, including those that only ask where Redis is. */
  readonly #clients = new Set<Client>()
  #commands: Client | undefined
  readonly #deadline: NodeJS.Timeout
  readonly #pending = new Set<(error: Error) => void>()
  #state: 'connecting' | 'ready' | 'ended' = 'connecting'

  constructor(options: ResolvedOptions, channel: string, listener: LinkListener) {
    this.#options = options
    this.#listener = listener
    const tooLate = new Error(`Redis was not connected within ${options.connectTimeoutMs} ms`)
    this.#deadline = setTimeout(() => this.end(tooLate), options.connectTimeoutMs)
    this.#connect(channel).catch((error: unknown) => this.end(asError(error)))
  }

  get isReady(): boolean {
    return this.#state === 'ready'
  }

  /** Closes both connections at once and rejects pending commands. */
  end(error: Error): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    clearTimeout(this.#deadline)
    for (const client of this.#clients) destroy(client)
    // A socket that is still connecting can only be closed by its signal.
    this.#abort.abort()
    for (const reject of this.#pending) reject(error)
    this.#listener.ended(error)
  }

  /** Runs a script under the command timeout; resolves to its reply. */
  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        if (!this.#pending.delete(fail)) return
        clearTimeout(deadline)
        settle()
      }
      const fail = (error: Error): void => finish(() => reject(error))
      this.#pending.add(fail)
      const { commandTimeoutMs } = this.#options
      const deadline = setTimeout(() => {
        // A slow server cannot be told from a dead connection.
        this.end(new Error(`Redis did not answer within ${commandTimeoutMs} ms`))
      }, commandTimeoutMs)
      this.#evaluate(script, [String(keys.length), ...keys, ...args]).then(
        (reply) => finish(() => resolve(reply)),
        (error: unknown) => this.#refused(asError(error), fail),
      )
    })
  }

  async #evaluate({ sha, text }: Script, args: readonly string[]): Promise<unknown> {
    const commands = this.#commands
    if (commands === undefined) throw new Error('Redis is not connected')
    try {
      return await commands.sendCommand(['EVALSHA', sha, ...args])
    } catch (error) {
      if (!isNotKnown(error)) throw error
      return commands.sendCommand(['EVAL', text, ...args])
    }
  }

  #refused(error: Error, fail: (error: Error) => void): void {
    fail(
      error instanceof ErrorReply ? new Error(`Redis rejected the command: ${error.message}`, { cause: error }) : error,
    )
    if (isNoLonger(error)) this.end(error)
  }

  async #connect(channel: string): Promise<void> {
    const { lookup } = this.#options
    const server = lookup && (await this.#find(lookup, channel))
    const [commands, subscriber] = await Promise.all([this.#open(server), this.#open(server)])
    this.#commands = commands
    await Promise.all([
      // A server that is still loading its data rejects this.
      commands.sendCommand(['PING']),
      lookup?.directory.verify(commands, channel),
      subscriber.subscribe(channel, (text) => {
        if (this.isReady) this.#listener.message(text)
      }),
    ])
    if (this.#state !== 'connecting') return
    clearTimeout(this.#deadline)
    this.#state = 'ready'
    this.#listener.ready()
  }

  /** Opens a connection of this link: if it is lost, the link ends. */
  async #open(server: RedisNode | undefined): Promise<Client> {
    const client = this.#client(this.#options.client(this.#abort.signal, server))
    client.on('error', (error: unknown) => this.end(asError(error)))
    await this.#connected(client)
    return client
  }

  #find(lookup: Lookup, key: string): Promise<RedisNode> {
    return firstToKnow(lookup.rootNodes, async (node) => {
      const client = this.#client(lookup.client(this.#abort.signal, node))
      // The error also rejects the pending operations.
      client.on('error', () => undefined)
      try {
        await this.#connected(client)
        const found = await lookup.directory.find(client, key)
        return found && { ...found, host: found.host === '' ? node.host : found.host }
      } finally {
        destroy(client)
        this.#clients.delete(client)
      }
    })
  }

  #client(options: AnyRedisClientOptions): Client {
    const client = createClient(options)
    this.#clients.add(client)
    return client
  }

  async #connected(client: Client): Promise<void> {
    if (this.#state === 'connecting') await client.connect()
    // The link ended during the connection attempt, which the client does not notice.
    if (this.#state === 'ended') {
      destroy(client)
      throw new Error('The connection was ended')
    }
  }
}

function destroy(client: Client): void {
  try {
    client.destroy()
  } catch {
    // Some versions throw if there is nothing left to destroy.
  }
}

/** The thrown value as an error. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
