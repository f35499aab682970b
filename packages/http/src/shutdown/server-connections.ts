import type { Server as HttpServer } from 'node:http'
import type { Http2Session, ServerHttp2Stream } from 'node:http2'
import { type Server, Socket } from 'node:net'
import type { Ending } from './ending.ts'

/** A server of `node:http`, `node:https` or `node:http2`. Those of HTTP/2 cannot close connections by themselves. */
export type ShutdownServer = Server & Partial<Pick<HttpServer, 'closeIdleConnections' | 'closeAllConnections'>>

/** The connections of a server that are open, those included that Node gave away: of WebSockets, for example. */
export class ServerConnections {
  readonly #server: ShutdownServer
  readonly #met: Pick<Ending, 'sockets' | 'sessions'>
  readonly #accepted = new Set<Socket>()
  readonly #sessions = new Set<Http2Session>()

  /** @param met connections from before, of this server and of others */
  constructor(server: ShutdownServer, met: Pick<Ending, 'sockets' | 'sessions'>) {
    this.#server = server
    this.#met = met
    for (const session of met.sessions) if (isOf(server, session.socket)) this.#join(session)
    server.on('connection', this.#accept)
    server.on('session', this.#join)
    server.on('stream', this.#joinOf)
  }

  /** All sockets. One over TLS may be there twice: as itself, and as the one that TLS works on. */
  sockets(): ReadonlySet<Socket> {
    const known = [...this.#met.sockets, ...this.#accepted, ...activeSockets()]
    return new Set(known.filter((socket) => isOf(this.#server, socket)))
  }

  /** Closes what nothing is under way on. A session of HTTP/2 that is used closes after its last answer. */
  closeIdle(): void {
    this.#server.closeIdleConnections?.()
    for (const session of this.#sessions) session.close()
  }

  /** Closes what never sent anything: a browser opens such connections, to have them. For Node they are not idle. */
  closeSilent(): void {
    for (const socket of this.sockets()) if (socket.bytesRead === 0) socket.destroy()
  }

  destroyAll(): void {
    this.#server.closeAllConnections?.()
    for (const session of this.#sessions) session.destroy()
    for (const socket of this.sockets()) socket.destroy()
  }

  /** Learns of no more connections. */
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

/** Whether a socket was accepted by a server. Not documented, and older than most of what is. */
function isOf(server: Server, socket: Socket): boolean {
  return Reflect.get(socket, 'server') === server
}

/**
 * All sockets of the process. Node offers no list of a server's connections that has those from before it was asked, and
 * to keep one would cost every connection. This list is not documented: without it, only those since the shutdown began
 * can be cut, besides those that Node itself still knows.
 */
function activeSockets(): Socket[] {
  const list: unknown = Reflect.get(process, '_getActiveHandles')
  const handles: unknown = typeof list === 'function' ? Reflect.apply(list, process, []) : []
  return Array.isArray(handles) ? handles.filter((handle) => handle instanceof Socket) : []
}
