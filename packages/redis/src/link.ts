import { createClient, ErrorReply } from '@redis/client'
import type { ResolvedOptions } from './options.ts'
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
const isNoLonger = (error: Error): boolean => /^(READONLY|LOADING|MASTERDOWN|NOREPLICAS)\b/.test(error.message)

/**
 * A pair of connections, for commands and for the subscription, that are made and end together: when one of them is lost,
 * or a command has no answer in time, both are. It does not connect again: there is another link then.
 */
export class Link {
  readonly #options: ResolvedOptions
  readonly #listener: LinkListener
  readonly #abort = new AbortController()
  readonly #commands: Client
  readonly #subscriber: Client
  readonly #deadline: NodeJS.Timeout
  readonly #pending = new Set<(error: Error) => void>()
  #state: 'connecting' | 'ready' | 'ended' = 'connecting'

  /** @throws what `createClient()` throws */
  constructor(options: ResolvedOptions, channel: string, listener: LinkListener) {
    this.#options = options
    this.#listener = listener
    this.#commands = this.#client()
    this.#subscriber = this.#client()
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
    destroy(this.#commands)
    destroy(this.#subscriber)
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
    try {
      return await this.#commands.sendCommand(['EVALSHA', sha, ...args])
    } catch (error) {
      if (!isNotKnown(error)) throw error
      return this.#commands.sendCommand(['EVAL', text, ...args])
    }
  }

  #refused(error: Error, fail: (error: Error) => void): void {
    fail(error instanceof ErrorReply ? new Error(`Redis refused: ${error.message}`, { cause: error }) : error)
    if (isNoLonger(error)) this.end(error)
  }

  #client(): Client {
    const client = createClient(this.#options.client(this.#abort.signal))
    client.on('error', (error: unknown) => this.end(asError(error)))
    return client
  }

  async #connect(channel: string): Promise<void> {
    await Promise.all([this.#open(this.#commands), this.#open(this.#subscriber)])
    await Promise.all([
      // It is refused by a server that still loads its data.
      this.#commands.sendCommand(['PING']),
      this.#subscriber.subscribe(channel, (text) => {
        if (this.isReady) this.#listener.message(text)
      }),
    ])
    if (this.#state !== 'connecting') return
    clearTimeout(this.#deadline)
    this.#state = 'ready'
    this.#listener.ready()
  }

  async #open(client: Client): Promise<void> {
    await client.connect()
    // It was ended while it connected, which the client does not notice.
    if (this.#state === 'ended') destroy(client)
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
