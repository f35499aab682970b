import { Socket } from 'node:net'
import { callSignal } from '@svcproxy/core'
import { DatabaseError, Pool } from 'pg'
import type { PoolClient, QueryResultRow } from 'pg'
import { CREATE_SCHEMA } from './schema.ts'

/** What really went to PostgreSQL, counted where it leaves the driver. */
export interface DatabaseTraffic {
  /** Connections attempted, whether or not they came about. */
  connections: number
  /** Queries sent over a connection. */
  queries: number
  /** Of these, the ones that only read a table. */
  reads: number
  /** Calls that failed: no connection came about, or it broke, or the driver gave up, or PostgreSQL answered an error. */
  failed: number
}

export function noTraffic(): DatabaseTraffic {
  return { connections: 0, queries: 0, reads: 0, failed: 0 }
}

export interface DatabaseOptions {
  readonly url: string
  readonly traffic: DatabaseTraffic
  /** What PostgreSQL is told who connects. @defaultValue `svcproxy-demo` */
  readonly applicationName?: string
  /** @defaultValue {@link MAX_CONNECTIONS} */
  readonly maxConnections?: number
}

/** A pool of connections to PostgreSQL. */
export interface Database {
  /**
   * Runs one statement; `values` are sent apart from it. At the entry of a guarded call it takes over the call's signal:
   * when that aborts, PostgreSQL stops working on the statement.
   */
  query<R extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<R[]>
  /** Whether it answers. False at once, without asking, when all connections are busy. */
  isHealthy(): Promise<boolean>
  end(): Promise<void>
}

/** Connections of a pool. */
export const MAX_CONNECTIONS = 10

/** How long the driver itself waits for a connection and for an answer, in milliseconds. `pg` by default waits for ever. */
export const DRIVER_TIMEOUT_MS = 4_000

/** How long a cancellation may take, in milliseconds. */
const CANCEL_TIMEOUT_MS = 1_000

/** Opens a pool and makes sure that tables and first rows are there. When `signal` aborts, it hangs up. */
export async function connectDatabase(options: DatabaseOptions, signal?: AbortSignal): Promise<Database> {
  const sockets = new Set<Socket>()
  const database = openDatabase(options, sockets)
  const hangUp = (): void => sockets.forEach((socket) => socket.destroy())
  signal?.addEventListener('abort', hangUp)
  try {
    await database.query(CREATE_SCHEMA)
    return database
  } catch (error) {
    await database.end()
    throw error
  } finally {
    signal?.removeEventListener('abort', hangUp)
  }
}

/** Where a database is, without the password. */
export function placeOf(url: string): string {
  if (!URL.canParse(url))
    throw new Error('DATABASE_URL is no URL: it looks like postgresql://user:password@host:5432/name')
  const { hostname, port } = new URL(url)
  return `${hostname || 'localhost'}:${port || '5432'}`
}

function openDatabase(options: DatabaseOptions, sockets: Set<Socket>): Database {
  const { url, traffic, applicationName = 'svcproxy-demo', maxConnections = MAX_CONNECTIONS } = options
  const pool = new Pool({
    connectionString: url,
    application_name: applicationName,
    max: maxConnections,
    connectionTimeoutMillis: DRIVER_TIMEOUT_MS,
    query_timeout: DRIVER_TIMEOUT_MS,
    stream: () => {
      traffic.connections++
      const socket = new Socket()
      sockets.add(socket.once('close', () => sockets.delete(socket)))
      return socket
    },
  })
  // Every query is sent as soon as it has acquired a connection.
  pool.on('acquire', () => traffic.queries++)
  // An idle connection broke, and the pool has let go of it already. Without a listener this would end the process.
  pool.on('error', () => undefined)
  // So would one that is checked out, to which the pool does not listen; its statement rejects as well.
  pool.on('connect', (client) => client.on('error', () => undefined))
  const canceller = openCanceller(url)

  async function query<R extends QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<R[]> {
    const signal = callSignal()
    const client = await pool.connect().catch((error: unknown) => {
      traffic.failed++
      throw error
    })
    let cancelling: Promise<void> | undefined
    const cancel = (): void => void (cancelling = canceller.cancel(client))
    let sent = false
    let broken = false
    try {
      signal?.throwIfAborted()
      signal?.addEventListener('abort', cancel)
      sent = true
      if (isRead(text)) traffic.reads++
      // Without values it is a simple query, which may hold several statements.
      const { rows } = await (values.length === 0 ? client.query<R>(text) : client.query<R>(text, [...values]))
      return rows
    } catch (error) {
      // The driver gave up, or the connection did: an answer may still come, to whoever asks next.
      broken = sent && !(error instanceof DatabaseError)
      traffic.failed++
      throw error
    } finally {
      signal?.removeEventListener('abort', cancel)
      // Before the connection is used again: a cancellation that comes late would hit the next statement.
      await cancelling
      client.release(broken)
    }
  }

  return {
    query,

    async isHealthy() {
      const freeCount = maxConnections - pool.totalCount + pool.idleCount - pool.waitingCount
      if (freeCount <= 0) return false
      await query('select 1')
      return true
    },

    async end() {
      await Promise.all([pool.end(), canceller.end()])
    },
  }
}

function isRead(text: string): boolean {
  return /^\s*select\b[^;]*\bfrom\b[^;]*$/.test(text)
}

/** Tells PostgreSQL to stop statements, over a connection of its own: those of the pool may all be busy. */
interface Canceller {
  /** Never rejects: where PostgreSQL cannot be told there is nothing to be done. */
  cancel(client: PoolClient): Promise<void>
  end(): Promise<void>
}

function openCanceller(url: string): Canceller {
  const pool = new Pool({
    connectionString: url,
    application_name: 'svcproxy-demo cancel',
    max: 1,
    connectionTimeoutMillis: CANCEL_TIMEOUT_MS,
    query_timeout: CANCEL_TIMEOUT_MS,
  })
  pool.on('error', () => undefined)
  return {
    async cancel(client) {
      // The types leave out what the driver was told when it connected.
      const processId: unknown = Reflect.get(client, 'processID')
      await pool.query('select pg_cancel_backend($1)', [processId]).catch(() => undefined)
    },
    end: () => pool.end(),
  }
}
