import { createClient, ErrorReply } from '@redis/client'
import type { AnyRedisClientOptions } from '@redis/client'
import type { RedisNode } from './directory.ts'
import { firstToKnow } from './first-to-know.ts'
import type { Lookup, ResolvedOptions } from './options.ts'
import type { Script } from './script.ts'

/** Hears what becomes of a link. */
export interface LinkListener {
  /** Both connections are there, and the subscription was acknowledged. */
  ready(): void
  /** It is no more; said once, also when it never was ready. */
  ended(error: Error): void
  /** A message on the channel. */
  message(text: string): void
}

type Client = ReturnType<typeof createClient>

const isNotKnown = (error: unknown): boolean => error instanceof Error && error.message.startsWith('NOSCRIPT')
/** A server that answers, but not as one that holds the data: it is not ready yet, or was replaced. */
const isNoLonger = (error: Error): boolean =>
  /^(READONLY|LOADING|MASTERDOWN|NOREPLICAS|MOVED|CLUSTERDOWN)\b/.test(error.message)

/**
 * A pair of connections, for commands and for the subscription, that are made and end together: when one of them is lost,
 * or a command has no answer in time, both are. It does not connect again: there is another link then.
 */
export class Link {
  readonly #options: ResolvedOptions
  readonly #listener: LinkListener
  readonly #abort = new AbortController()
  /** All that there are, also those that only ask where Redis is. */
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

  /** Both connections are ended at once, and what is pending rejects. */
  end(error: Error): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    clearTimeout(this.#deadline)
    for (const client of this.#clients) destroy(client)
    // A socket that is still being connected is known to nobody but its signal.
    this.#abort.abort()
    for (const reject of this.#pending) reject(error)
    this.#listener.ended(error)
  }

  /** What a script replies, by the deadline. */
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
        // Nobody can tell a slow server from a connection that is dead.
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
    fail(error instanceof ErrorReply ? new Error(`Redis refused: ${error.message}`, { cause: error }) : error)
    if (isNoLonger(error)) this.end(error)
  }

  async #connect(channel: string): Promise<void> {
    const { lookup } = this.#options
    const server = lookup && (await this.#find(lookup, channel))
    const [commands, subscriber] = await Promise.all([this.#open(server), this.#open(server)])
    this.#commands = commands
    await Promise.all([
      // It is refused by a server that still loads its data.
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

  /** A connection that belongs to the link: when it is lost, the link is. */
  async #open(server: RedisNode | undefined): Promise<Client> {
    const client = this.#client(this.#options.client(this.#abort.signal, server))
    client.on('error', (error: unknown) => this.end(asError(error)))
    await this.#connected(client)
    return client
  }

  #find(lookup: Lookup, key: string): Promise<RedisNode> {
    return firstToKnow(lookup.rootNodes, async (node) => {
      const client = this.#client(lookup.client(this.#abort.signal, node))
      // What went wrong is what it rejects with.
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
    // It was ended while it connected, which the client does not notice.
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
    // Some versions say so when there is nothing to destroy any more.
  }
}

/** What was thrown, as an error. */
export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
