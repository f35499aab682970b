import { Socket } from 'node:net'
import { Pool } from 'pg'
import type { QueryResultRow } from 'pg'
import { CREATE_SCHEMA } from './schema.ts'

/** What really went to PostgreSQL, counted where it leaves the driver. */
export interface DatabaseTraffic {
  /** Connections attempted, whether or not they came about. */
  connections: number
  /** Queries sent over a connection. */
  queries: number
}

export interface DatabaseOptions {
  readonly url: string
  readonly traffic: DatabaseTraffic
  /** @defaultValue {@link MAX_CONNECTIONS} */
  readonly maxConnections?: number
}

/** A pool of connections to PostgreSQL. */
export interface Database {
  /** Runs one statement; `values` are sent apart from it. */
  query<R extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<R[]>
  /** Whether it answers. False at once, without asking, when all connections are busy. */
  isHealthy(): Promise<boolean>
  end(): Promise<void>
}

/** Connections of a pool. */
export const MAX_CONNECTIONS = 10

/** How long the driver itself waits for a connection and for an answer, in milliseconds. `pg` by default waits for ever. */
export const DRIVER_TIMEOUT_MS = 4_000

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
  const { url, traffic, maxConnections = MAX_CONNECTIONS } = options
  const pool = new Pool({
    connectionString: url,
    application_name: 'svcproxy-demo',
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
  // Every query goes through pool.query, which sends it as soon as it has acquired a connection.
  pool.on('acquire', () => traffic.queries++)
  // An idle connection broke, and the pool has let go of it already. Without a listener this would end the process.
  pool.on('error', () => undefined)

  return {
    async query<R extends QueryResultRow>(text: string, values: readonly unknown[] = []) {
      // Without values it is a simple query, which may hold several statements.
      const { rows } = await (values.length === 0 ? pool.query<R>(text) : pool.query<R>(text, [...values]))
      return rows
    },

    async isHealthy() {
      const freeCount = maxConnections - pool.totalCount + pool.idleCount - pool.waitingCount
      if (freeCount <= 0) return false
      await pool.query('select 1')
      return true
    },

    end: () => pool.end(),
  }
}
