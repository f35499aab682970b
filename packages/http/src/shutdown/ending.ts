import { EventEmitter } from 'node:events'
import type { Http2Session } from 'node:http2'
import type { Server, Socket } from 'node:net'
import type { ScopedRequest } from '../scoped-request.ts'

/** A server of a manager's application that is shut down. */
export interface EndingServer {
  /** Ends at once what is still open. */
  cut(): void
  /** Resolves when nothing of the server is open. */
  readonly drained: Promise<void>
  /** Resolves when its manager has stopped, too. */
  readonly done: Promise<void>
}

/** What the bindings, the health endpoints and the shutdown of one manager know of its end. */
export class Ending {
  /** Those for which a shutdown was asked, in the order in which it was. */
  readonly servers: Map<Server, EndingServer> = new Map()
  /** The open connections over which requests came to a binding: Node tells of them only when they are new. */
  readonly sockets: Set<Socket> = new Set()
  readonly sessions: Set<Http2Session> = new Set()

  /** Whether the application is not to be sent requests any more. */
  get hasBegun(): boolean {
    return this.servers.size > 0
  }

  /** Called for each request: all but the first of a connection cost a look into a set. */
  meet(request: ScopedRequest): void {
    // Each request of HTTP/2 would make itself a socket if it were asked for one.
    if (request.httpVersionMajor === 2) keepWhileOpen(this.sessions, request.stream?.session)
    else keepWhileOpen(this.sockets, request.socket)
  }
}

function keepWhileOpen<C extends Socket | Http2Session>(open: Set<C>, connection: C | undefined): void {
  if (connection === undefined || open.has(connection)) return
  // What stands for a connection in a test of an application may be anything.
  if (!(connection instanceof EventEmitter) || connection.destroyed) return
  open.add(connection)
  connection.once('close', () => open.delete(connection))
}

const ENDINGS = new WeakMap<object, Ending>()

/** The one of a manager, whoever asks: all its bindings and health endpoints learn of its shutdown. */
export function endingOf(manager: object): Ending {
  const known = ENDINGS.get(manager)
  if (known !== undefined) return known
  const ending = new Ending()
  ENDINGS.set(manager, ending)
  return ending
}
