import { EmbeddedPostgres } from '@svcproxy/demo-services'
import { Pool } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, vi } from 'vitest'

/** A PostgreSQL with three users, and somebody who watches it over a connection of his own. */
export interface WatchedPostgres {
  readonly url: string
  /** The addresses of all users, in their order. */
  emails(): Promise<string[]>
  /** Resolves as soon as `count` statements with `pg_sleep` are running. */
  untilAsleep(count: number): Promise<void>
  /** How many sessions the application of this name has. */
  sessionsOf(application: string): Promise<number>
  /** The end of the server, as by a crash, until the next test. */
  kill(): Promise<void>
  /** It keeps its connections and answers nobody, until it thaws. */
  freeze(): Promise<void>
  thaw(): Promise<void>
}

const SCHEMA = `
  create table users (id serial primary key, email text not null unique);
  create table posts (id serial primary key, title text not null, author_id integer not null references users);`

const ROWS = `
  truncate users, posts restart identity;
  insert into users (email) values ('ann@example.org'), ('bob@example.org'), ('cleo@example.org');
  insert into posts (title, author_id) values ('Hello', 1);`

const START_TIMEOUT_MS = 60_000
const WAIT = { timeout: 4_000, interval: 10 }

/** For the tests of the file that calls it: a server of their own, that runs and has the same users when a test starts. */
export function postgresServer(): WatchedPostgres {
  let server: EmbeddedPostgres
  let watcher: Pool
  beforeAll(async () => {
    server = await EmbeddedPostgres.start()
    watcher = new Pool({ connectionString: server.url, max: 1 })
    watcher.on('error', () => undefined) // when the server is killed
    await watcher.query(SCHEMA)
  }, START_TIMEOUT_MS)
  beforeEach(async () => {
    if (server.pid === undefined) await server.start()
    await watcher.query(ROWS)
  })
  afterAll(async () => {
    await watcher.end()
    await server[Symbol.asyncDispose]()
  }, START_TIMEOUT_MS)

  const countSessions = async (condition: string, values: string[]): Promise<number> => {
    const { rowCount } = await watcher.query(
      `select from pg_stat_activity where pid <> pg_backend_pid() and ${condition}`,
      values,
    )
    return rowCount ?? 0
  }
  return {
    get url() {
      return server.url
    },
    async emails() {
      const { rows } = await watcher.query<{ email: string }>('select email from users order by id')
      return rows.map(({ email }) => email)
    },
    async untilAsleep(count) {
      const asleep = () => countSessions("state = 'active' and query like $1", ['%pg_sleep%'])
      await vi.waitFor(async () => expect(await asleep()).toBe(count), WAIT)
    },
    sessionsOf: (application) => countSessions('application_name = $1', [application]),
    kill: () => server.kill(),
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
  }
}
