import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { pipeline } from 'node:stream'

const HOST = '127.0.0.1'

/**
 * One port in front of several: each connection goes to the next of them in turn, skipping those on which nobody
 * listens.
 */
export class Balancer implements AsyncDisposable {
  readonly #server: Server
  readonly #ports: readonly number[]
  readonly #sockets = new Set<Socket>()
  #turn = 0

  private constructor(ports: readonly number[]) {
    this.#ports = ports
    this.#server = createServer((client) => this.#forward(this.#keep(client), this.#turn++, 1))
  }

  /** @param port its own port; 0 takes a free one @param ports the ports of the processes behind it */
  static async start(port: number, ports: readonly number[]): Promise<Balancer> {
    const balancer = new Balancer(ports)
    balancer.#server.listen(port, HOST)
    await once(balancer.#server, 'listening')
    return balancer
  }

  get url(): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new TypeError('A TCP server without a port')
    return `http://${HOST}:${address.port}`
  }

  /** Accepts no more connections, and closes the open ones. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  /** Nothing has been read from the client before a process accepts, so another process can be tried. */
  #forward(client: Socket, turn: number, attempt: number): void {
    const upstream = this.#keep(connect(Number(this.#ports[turn % this.#ports.length]), HOST))
    upstream.once('error', () => {
      if (attempt < this.#ports.length) this.#forward(client, turn + 1, attempt + 1)
      else client.destroy()
    })
    upstream.once('connect', () => {
      upstream.removeAllListeners('error')
      pipeline(client, upstream, client, () => undefined)
    })
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket.on('close', () => this.#sockets.delete(socket)))
    return socket
  }
}
