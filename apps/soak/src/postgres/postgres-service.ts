import { Client } from 'pg'
import type { ClientFaults } from '../client-faults.ts'
import { isClientTrouble } from '../plan.ts'
import type { ClientTrouble, PostgresTrouble } from '../plan.ts'
import { EmbeddedPostgres } from './embedded-postgres.ts'

/** How many records there are, numbered from 0. */
export const RECORD_COUNT = 1_000

/** So that a soak tells its own connections from those of the proxies. */
export const OPERATOR = 'operator of the soak'
const KILL_EVERY_MS = 150

const CREATE = `create table records as select id from generate_series(0, ${RECORD_COUNT - 1}) id; analyze records`
const LOCK = 'begin; lock table records in access exclusive mode'
const KILL = `select pg_terminate_backend(pid) from pg_stat_activity
  where backend_type = 'client backend' and application_name <> '${OPERATOR}'`
const CONNECTIONS = `select application_name as client, count(*)::integer as count from pg_stat_activity
  where backend_type = 'client backend' and application_name <> '${OPERATOR}' group by 1`

/** A PostgreSQL with one table, which can be hurt. */
export class PostgresService implements AsyncDisposable {
  readonly #database: EmbeddedPostgres
  readonly #faults: ClientFaults
  #cure: () => Promise<void> = async () => undefined

  private constructor(database: EmbeddedPostgres, faults: ClientFaults) {
    this.#database = database
    this.#faults = faults
  }

  static async start(faults: ClientFaults): Promise<PostgresService> {
    const service = new PostgresService(await EmbeddedPostgres.start(), faults)
    await service.#operate((client) => client.query(CREATE))
    return service
  }

  get url(): string {
    return this.#database.url
  }

  async begin(trouble: PostgresTrouble): Promise<void> {
    this.#cure = isClientTrouble(trouble) ? this.#hurtClients(trouble) : await this.#hurt(trouble)
  }

  async end(): Promise<void> {
    const cure = this.#cure
    this.#cure = async () => undefined
    await cure()
  }

  /** How many connections there are, by `application_name`. */
  async connections(): Promise<Record<string, number>> {
    const { rows } = await this.#operate((client) => client.query<{ client: string; count: number }>(CONNECTIONS))
    return Object.fromEntries(rows.map(({ client, count }) => [client, count]))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end()
    await this.#database[Symbol.asyncDispose]()
  }

  #hurtClients(trouble: ClientTrouble): () => Promise<void> {
    this.#faults.begin(trouble)
    return async () => this.#faults.end()
  }

  async #hurt(trouble: Exclude<PostgresTrouble, ClientTrouble>): Promise<() => Promise<void>> {
    switch (trouble) {
      case 'freeze':
        await this.#database.freeze()
        return () => this.#database.thaw()
      case 'restart':
        await this.#database.crash()
        return () => this.#database.start()
      case 'lock': {
        const client = await this.#connect()
        await client.query(LOCK)
        return () => client.end()
      }
      case 'killed backends': {
        const client = await this.#connect()
        const killing = setInterval(() => void client.query(KILL).catch(() => undefined), KILL_EVERY_MS)
        return async () => {
          clearInterval(killing)
          await client.end()
        }
      }
    }
  }

  async #operate<R>(work: (client: Client) => Promise<R>): Promise<R> {
    const client = await this.#connect()
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }

  async #connect(): Promise<Client> {
    const client = new Client({ connectionString: this.url, application_name: OPERATOR })
    await client.connect()
    return client
  }
}
