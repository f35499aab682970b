// A pool of connections. PostgreSQL stops working on a statement as soon as nobody waits for it.
import { callSignal } from '@svcproxy/core'
import { DatabaseError, Pool, type PoolConfig, type QueryResultRow } from 'pg'

export class Database {
  readonly #pool: Pool
  readonly #canceller: Pool

  constructor(connectionString: string) {
    this.#pool = openPool({ connectionString, max: 10, connectionTimeoutMillis: 2_000, query_timeout: 4_000 })
    // A connection of its own: those of the pool may all be busy.
    this.#canceller = openPool({ connectionString, max: 1, connectionTimeoutMillis: 1_000, query_timeout: 1_000 })
  }

  async query<R extends QueryResultRow>(text: string, values: unknown[] = []): Promise<R[]> {
    const signal = callSignal() // of the guarded call; it is known until the first await
    const client = await this.#pool.connect()
    let cancelling: Promise<unknown> | undefined
    const cancel = () => {
      const pid: unknown = Reflect.get(client, 'processID') // missing in the types of pg
      cancelling = this.#canceller.query('select pg_cancel_backend($1)', [pid]).catch(() => {})
    }
    let isBroken = false
    try {
      signal?.throwIfAborted()
      signal?.addEventListener('abort', cancel)
      return (await client.query<R>(text, values)).rows
    } catch (error) {
      isBroken = !(error instanceof DatabaseError) // no answer of PostgreSQL: do not use the connection again
      throw error
    } finally {
      signal?.removeEventListener('abort', cancel)
      await cancelling // a cancellation that came late would hit the next statement of this connection
      client.release(isBroken)
    }
  }

  async end(): Promise<void> {
    await Promise.all([this.#pool.end(), this.#canceller.end()])
  }
}

/** Without these listeners, a connection that breaks would end the process. */
function openPool(config: PoolConfig): Pool {
  const ignore = () => {} // the caller gets the error, too
  return new Pool(config).on('error', ignore).on('connect', (client) => client.on('error', ignore))
}
