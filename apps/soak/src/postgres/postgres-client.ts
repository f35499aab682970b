import { Pool } from 'pg'
import type { PoolClient } from 'pg'
import type { ClientOptions } from '../kinds.ts'
import { OWN_TIMEOUT_MS, untilAborted } from '../records.ts'
import type { RecordsClient } from '../records.ts'

/** Connections of one pool: fewer than the calls that a proxy lets through. */
const POOL_SIZE = 10

/** PostgreSQL cuts longer names. */
const MAX_NAME = 63

/** What a kind's connections are called in PostgreSQL. */
export function applicationNameOf({ name }: ClientOptions): string {
  return name.slice(0, MAX_NAME)
}

/** A pool of connections to PostgreSQL. A query is cancelled by hanging up: PostgreSQL notices. */
export function postgresClient(url: string, options: ClientOptions): RecordsClient {
  const pool = new Pool({
    connectionString: url,
    application_name: applicationNameOf(options),
    max: POOL_SIZE,
    connectionTimeoutMillis: OWN_TIMEOUT_MS,
    query_timeout: OWN_TIMEOUT_MS,
  })
  // A connection broke: whoever waits on it is told, and the pool has let go of it. Without listeners this would end the process.
  pool.on('error', ignore)
  pool.on('connect', (client) => client.on('error', ignore))

  async function valueOf(text: string, values: readonly number[], signal: AbortSignal | undefined): Promise<unknown> {
    const client = await connection(pool, signal)
    let whole = false
    const letGo = (): void => client.release(!whole)
    signal?.addEventListener('abort', letGo, { once: true })
    try {
      const { rows } = await client.query<{ value: unknown }>(text, [...values])
      whole = true
      return rows[0]?.value
    } finally {
      signal?.removeEventListener('abort', letGo)
      if (signal?.aborted !== true) letGo()
    }
  }

  return {
    read: async (id, signal) => Number(await valueOf('select id as value from records where id = $1', [id], signal)),
    ping: async (signal) => void (await valueOf('select 1 as value', [], signal)),
    end: () => pool.end(),
  }
}

/** One that comes when nobody waits for it any more goes straight back. */
async function connection(pool: Pool, signal: AbortSignal | undefined): Promise<PoolClient> {
  const connecting = pool.connect()
  if (signal === undefined) return connecting
  try {
    return await Promise.race([connecting, untilAborted(signal)])
  } catch (error) {
    connecting.then((client) => client.release(), ignore)
    throw error
  }
}

function ignore(): void {}
