import { Socket } from 'node:net'
import { callSignal } from '@svcproxy/core'
import { DatabaseError, Pool } from 'pg'
import type { PoolClient, QueryResultRow } from 'pg'
import { CREATE_SCHEMA } from './schema.ts'

/** What was really sent to PostgreSQL, counted at the driver. */
export interface DatabaseTraffic {
  /** Connections attempted, successful or not. */
  connections: number
  /** Queries sent over a connection. */
  queries: number
  /** The queries that only read a table. */
  reads: number
  /** Failed calls: no connection, a broken connection, a timeout of the driver, or an error from PostgreSQL. */
  failed: number
}

export function noTraffic(): DatabaseTraffic {
  return { connections: 0, queries: 0, reads: 0, failed: 0 }
}

export interface DatabaseOptions {
  readonly url: string
  readonly traffic: DatabaseTraffic
  /** The application name that PostgreSQL sees. @defaultValue `svcproxy-demo` */
  readonly applicationName?: string
  /** @defaultValue {@link MAX_CONNECTIONS} */
  readonly maxConnections?: number
}

/** A pool of connections to PostgreSQL. */
export interface Database {
  /**
   * Runs one statement; `values` are sent separately. If a guarded call runs it, it uses the call's signal: when that
   * aborts, PostgreSQL cancels the statement.
   */
  query<R extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<R[]>
  /** Whether it answers. Returns false without asking when all connections are busy. */
  isHealthy(): Promise<boolean>
  end(): Promise<void>
}

/** The maximum number of connections of a pool. */
export const MAX_CONNECTIONS = 10

/**
 * How long the driver itself waits for a connection and for a response, in milliseconds. By default, `pg` waits for
 * ever.
 */
export const DRIVER_TIMEOUT_MS = 4_000

/** How long a cancellation may take, in milliseconds. */
const CANCEL_TIMEOUT_MS = 1_000

/** Opens a pool and creates tables and first rows if necessary. Closes the connections when `signal` aborts. */
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

/** The address of a database without its password. */
export function placeOf(url: string): string {
  if (!URL.canParse(url)) throw new Error('DATABASE_URL must be a URL like postgresql://user:password@host:5432/name')
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
  // An idle connection broke, and the pool has already dropped it. Without a listener this would end the process.
  pool.on('error', () => undefined)
  // So would a connection in use, to which the pool does not listen; its statement rejects as well.
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
      // Without values it is a simple query, which may contain several statements.
      const { rows } = await (values.length === 0 ? client.query<R>(text) : client.query<R>(text, [...values]))
      return rows
    } catch (error) {
      // The driver or the connection failed: a late response could reach the next statement.
      broken = sent && !(error instanceof DatabaseError)
      traffic.failed++
      throw error
    } finally {
      signal?.removeEventListener('abort', cancel)
      // Before the connection is used again: a late cancellation would hit the next statement.
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

/** Tells PostgreSQL to cancel statements, over its own connection: those of the pool may all be busy. */
interface Canceller {
  /** Never rejects: if PostgreSQL cannot be reached, nothing can be done. */
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
      // The types do not declare this property, which the driver sets when it connects.
      const processId: unknown = Reflect.get(client, 'processID')
      await pool.query('select pg_cancel_backend($1)', [processId]).catch(() => undefined)
    },
    end: () => pool.end(),
  }
}
