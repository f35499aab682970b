import { EmbeddedPostgres } from '../postgres/embedded-postgres.ts'
import { Balancer } from './balancer.ts'
import { FlagFile } from './flag-file.ts'
import { MemberProcess } from './member-process.ts'
import { RedisServer } from './redis-server.ts'

/** How many database connections a member's pools may need, with some to spare. */
const CONNECTIONS_PER_MEMBER = 16
const LEAST_CONNECTIONS = 60

/** Options of {@link startFleet}. */
export interface FleetSettings {
  /** The module that each member runs: the one that runs the demo. */
  readonly entry: string
  /** The number of members. */
  readonly size: number
  /** The port of all members together; 0 takes a free one. */
  readonly port: number
}

/** Several processes of a demo behind one port, with the resources that they share. */
export interface DemoFleet extends AsyncDisposable {
  readonly members: readonly MemberProcess[]
  readonly postgres: EmbeddedPostgres
  readonly redis: RedisServer
  readonly flags: FlagFile
  /** The address of all members together. */
  readonly url: string
}

/** Disposed in reverse order: users of a resource before the resource. */
export async function startFleet({ entry, size, port }: FleetSettings): Promise<DemoFleet> {
  await using started = new AsyncDisposableStack()
  const redis = started.use(await RedisServer.start())
  const postgres = started.use(await EmbeddedPostgres.start(Math.max(LEAST_CONNECTIONS, size * CONNECTIONS_PER_MEMBER)))
  const flags = started.use(await FlagFile.create())
  const settings = { databaseUrl: postgres.url, redisUrl: redis.url, featuresFile: flags.url }
  const members = Array.from(
    { length: size },
    (_, index) => new MemberProcess(entry, { ...settings, label: `process ${index + 1}` }),
  )
  started.defer(async () => void (await Promise.all(members.map((member) => member.end()))))
  const balancer = started.use(await Balancer.start(port, await Promise.all(members.map(({ listening }) => listening))))
  const all = started.move()
  return {
    members,
    postgres,
    redis,
    flags,
    url: balancer.url,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}
