import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

const HOST = '127.0.0.1'

/** What happens to the bytes of a direction: they pass, are kept until all is well again, or vanish. */
type Flow = 'pass' | 'hold' | 'vanish'

interface Trouble {
  /** What a client sends. */
  readonly requests: Flow
  readonly replies: Flow
  /** How much later all bytes arrive, in milliseconds. */
  readonly delayMs: number
  /** Nobody can connect. */
  readonly refuses: boolean
}

const WELL: Trouble = { requests: 'pass', replies: 'pass', delayMs: 0, refuses: false }

/** Which connections: all, those that subscribe, or the others. */
export type Which = 'all' | 'subscribers' | 'commands'

/** A proxy before a server on this machine, that does to connections what a network may do. */
export class TcpProxy implements AsyncDisposable {
  readonly #target: number
  readonly #server: Server
  readonly #connections = new Set<Connection>()
  #trouble: Trouble = WELL

  private constructor(target: number) {
    this.#target = target
    this.#server = createServer({ allowHalfOpen: false }, (client) => this.#accept(client))
  }

  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target)
    proxy.#server.listen(0, HOST)
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on TCP
    return (this.#server.address() as AddressInfo).port
  }

  /** All bytes arrive so much later. */
  delay(delayMs: number): void {
    this.#have({ ...WELL, delayMs })
  }

  /** Nothing arrives until all is well again; then all of it does. */
  hold(): void {
    this.#have({ ...WELL, requests: 'hold', replies: 'hold' })
  }

  /** Bytes are accepted and never delivered. */
  blackHole(): void {
    this.#have({ ...WELL, requests: 'vanish', replies: 'vanish' })
  }

  /** The server hears everything, and its replies never arrive. */
  dropReplies(): void {
    this.#have({ ...WELL, replies: 'vanish' })
  }

  /** The connections that there are lead nowhere, and neither end is told. New ones are well. */
  halfOpen(which: Which = 'all'): void {
    for (const connection of this.#connections) {
      if (which === 'all' || connection.subscribes === (which === 'subscribers')) {
        connection.have({ ...WELL, requests: 'vanish', replies: 'vanish' })
      }
    }
  }

  /** All connections are closed, and nobody can connect. */
  cut(): void {
    this.#trouble = { ...WELL, refuses: true }
    for (const connection of this.#connections) connection.end()
  }

  /** All is well again. A connection that has lost bytes is closed: its ends do not agree any more. */
  mend(): void {
    this.#have(WELL)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    for (const connection of this.#connections) connection.end()
  }

  #have(trouble: Trouble): void {
    this.#trouble = trouble
    for (const connection of this.#connections) connection.have(trouble)
  }

  #accept(client: Socket): void {
    if (this.#trouble.refuses) {
      client.destroy()
      return
    }
    const server = connect(this.#target, HOST)
    const connection = new Connection(client, server, () => this.#connections.delete(connection))
    this.#connections.add(connection)
    connection.have(this.#trouble)
  }
}

/** A connection of a client, and the one to the server that belongs to it. */
class Connection {
  /** It has asked to subscribe. */
  subscribes = false
  readonly #requests: Pipe
  readonly #replies: Pipe
  readonly #ended: () => void

  constructor(client: Socket, server: Socket, ended: () => void) {
    this.#ended = ended
    this.#requests = new Pipe(
      client,
      server,
      (chunk) => (this.subscribes ||= /\bsubscribe\b/i.test(chunk.toString('latin1'))),
    )
    this.#replies = new Pipe(server, client)
    for (const socket of [client, server]) {
      socket.setNoDelay()
      socket.on('error', () => {})
      socket.on('close', () => this.#passOnTheEnd())
    }
  }

  have({ requests, replies, delayMs }: Trouble): void {
    this.#requests.have(requests, delayMs)
    this.#replies.have(replies, delayMs)
    if (requests === 'pass' && replies === 'pass') {
      if (this.#requests.hasLost || this.#replies.hasLost) this.end()
      else this.#passOnTheEnd()
    }
  }

  end(): void {
    this.#requests.end()
    this.#replies.end()
    this.#ended()
  }

  /** While bytes do not pass, nor does the news that an end is gone. */
  #passOnTheEnd(): void {
    if (this.#requests.isOver && this.#replies.isOver) this.end()
  }
}

/** One direction. */
class Pipe {
  hasLost = false
  readonly #from: Socket
  readonly #to: Socket
  #flow: Flow = 'pass'
  #delayMs = 0
  readonly #held: Buffer[] = []
  readonly #late: Buffer[] = []
  #lastDueAt = 0

  constructor(from: Socket, to: Socket, look: (chunk: Buffer) => void = () => {}) {
    this.#from = from
    this.#to = to
    from.on('data', (chunk: Buffer) => {
      look(chunk)
      this.#take(chunk)
    })
  }

  /** Nothing is on its way, one of its ends is gone, and the other may know. */
  get isOver(): boolean {
    return this.#flow === 'pass' && (this.#from.destroyed || this.#to.destroyed)
  }

  have(flow: Flow, delayMs: number): void {
    this.#flow = flow
    this.#delayMs = delayMs
    if (flow === 'hold') return
    for (const chunk of this.#held.splice(0)) this.#take(chunk)
  }

  end(): void {
    this.#from.destroy()
  }

  #take(chunk: Buffer): void {
    if (this.#flow === 'hold') this.#held.push(chunk)
    else if (this.#flow === 'vanish') this.hasLost = true
    else if (this.#delayMs > 0 || this.#late.length > 0) this.#takeLater(chunk)
    else this.#write(chunk)
  }

  /** In their order, though the delay may change, and timers are only so exact. */
  #takeLater(chunk: Buffer): void {
    this.#late.push(chunk)
    this.#lastDueAt = Math.max(this.#lastDueAt, performance.now() + this.#delayMs)
    setTimeout(() => this.#deliver(), this.#lastDueAt - performance.now())
  }

  #deliver(): void {
    const chunk = this.#late.shift()
    if (chunk === undefined) return
    if (this.#flow === 'pass') this.#write(chunk)
    else this.#take(chunk)
  }

  #write(chunk: Buffer): void {
    if (this.#to.writable) this.#to.write(chunk)
  }
}
