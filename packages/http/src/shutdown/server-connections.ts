import type { Server as HttpServer } from 'node:http'
import type { Http2Session, ServerHttp2Stream } from 'node:http2'
import { type Server, Socket } from 'node:net'
import type { Ending } from './ending.ts'

/** A server of `node:http`, `node:https` or `node:http2`. HTTP/2 servers cannot close connections by themselves. */
export type ShutdownServer = Server & Partial<Pick<HttpServer, 'closeIdleConnections' | 'closeAllConnections'>>

/** The open connections of a server, including those that Node.js has handed over, for example to WebSockets. */
export class ServerConnections {
  readonly #server: ShutdownServer
  readonly #met: Pick<Ending, 'sockets' | 'sessions'>
  readonly #accepted = new Set<Socket>()
  readonly #sessions = new Set<Http2Session>()

  /** @param met earlier connections, of this server and of others */
  constructor(server: ShutdownServer, met: Pick<Ending, 'sockets' | 'sessions'>) {
    this.#server = server
    this.#met = met
    for (const session of met.sessions) if (isOf(server, session.socket)) this.#join(session)
    server.on('connection', this.#accept)
    server.on('session', this.#join)
    server.on('stream', this.#joinOf)
  }

  /** All sockets. A TLS connection may be there twice: as itself, and as the socket below it. */
  sockets(): ReadonlySet<Socket> {
    const known = [...this.#met.sockets, ...this.#accepted, ...activeSockets()]
    return new Set(known.filter((socket) => isOf(this.#server, socket)))
  }

  /** Closes idle connections. An HTTP/2 session that is in use closes after its last response. */
  closeIdle(): void {
    this.#server.closeIdleConnections?.()
    for (const session of this.#sessions) session.close()
  }

  /**
   * Closes connections that never sent anything: browsers open them in advance. Node.js does not count them as idle.
   */
  closeSilent(): void {
    for (const socket of this.sockets()) if (socket.bytesRead === 0) socket.destroy()
  }

  destroyAll(): void {
    this.#server.closeAllConnections?.()
    for (const session of this.#sessions) session.destroy()
    for (const socket of this.sockets()) socket.destroy()
  }

  /** Stops tracking new connections. */
  forget(): void {
    this.#server.off('connection', this.#accept).off('session', this.#join).off('stream', this.#joinOf)
  }

  readonly #accept = (socket: Socket): void => {
    this.#accepted.add(socket)
    socket.once('close', () => this.#accepted.delete(socket))
  }

  readonly #join = (session: Http2Session): void => {
    if (this.#sessions.has(session) || session.destroyed) return
    this.#sessions.add(session)
    session.once('close', () => this.#sessions.delete(session))
  }

  readonly #joinOf = ({ session }: ServerHttp2Stream): void => {
    if (session !== undefined) this.#join(session)
  }
}

/** Whether a socket was accepted by a server. The property is not documented, but very old. */
function isOf(server: Server, socket: Socket): boolean {
  return Reflect.get(socket, 'server') === server
}

/**
 * All sockets of the process. Node.js has no list of a server's connections that were opened before it was asked, and
 * keeping one would cost every connection. This list is not documented: without it, only connections since the shutdown
 * began can be closed, besides those that Node.js itself knows.
 */
function activeSockets(): Socket[] {
  const list: unknown = Reflect.get(process, '_getActiveHandles')
  const handles: unknown = typeof list === 'function' ? Reflect.apply(list, process, []) : []
  return Array.isArray(handles) ? handles.filter((handle) => handle instanceof Socket) : []
}
