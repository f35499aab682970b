import { EventEmitter } from 'node:events'
import type { Http2Session } from 'node:http2'
import type { Server, Socket } from 'node:net'
import type { ScopedRequest } from '../scoped-request.ts'

/** A server of a manager's application that is being shut down. */
export interface EndingServer {
  /** Closes at once everything that is still open. */
  cut(): void
  /** Resolves when nothing of the server is open any more. */
  readonly drained: Promise<void>
  /** Resolves when its manager has stopped as well. */
  readonly done: Promise<void>
}

/** What the bindings, the health endpoints and the shutdown of one manager share about its end. */
export class Ending {
  /** The servers that are being shut down, in the order of the calls. */
  readonly servers: Map<Server, EndingServer> = new Map()
  /**
   * The open connections over which a binding has received requests: Node.js reports connections only when they are
   * new.
   */
  readonly sockets: Set<Socket> = new Set()
  readonly sessions: Set<Http2Session> = new Set()

  /** Whether the application should get no more requests. */
  get hasBegun(): boolean {
    return this.servers.size > 0
  }

  /** Called for each request. After the first one of a connection it costs one look-up in a set. */
  meet(request: ScopedRequest): void {
    // An HTTP/2 request would create a socket object each time it is asked for one.
    if (request.httpVersionMajor === 2) keepWhileOpen(this.sessions, request.stream?.session)
    else keepWhileOpen(this.sockets, request.socket)
  }
}

function keepWhileOpen<C extends Socket | Http2Session>(open: Set<C>, connection: C | undefined): void {
  if (connection === undefined || open.has(connection)) return
  // Tests of an application may pass anything as a connection.
  if (!(connection instanceof EventEmitter) || connection.destroyed) return
  open.add(connection)
  connection.once('close', () => open.delete(connection))
}

const ENDINGS = new WeakMap<object, Ending>()

/** The same object for all bindings and health endpoints of a manager, so that all learn of its shutdown. */
export function endingOf(manager: object): Ending {
  const known = ENDINGS.get(manager)
  if (known !== undefined) return known
  const ending = new Ending()
  ENDINGS.set(manager, ending)
  return ending
}
