import { parseArgs } from 'node:util'
import { messageOf } from './story/terminal.ts'

/** The number of processes of a fleet: more would not fit into a row of the story's table. */
const FLEET_SIZES = { min: 2, max: 8 }

export const USAGE: string = `Usage: npm run demo [-- [--koa] [--fleet <n>] [--serve] [--traces]]

  --koa     the Koa application; the Express one otherwise
  --fleet   n processes behind one port (${FLEET_SIZES.min} … ${FLEET_SIZES.max}), which share circuits and invalidations over a Redis
  --serve   no story: just serves, until it is interrupted
  --traces  prints an OpenTelemetry span for each request and each call; of one process only

  DATABASE_URL   a PostgreSQL to use in place of the embedded one; by one process only
  PORT           where to listen; a free port otherwise`

/** The options from the command line and the environment. */
export interface Wishes {
  /** Undefined: an embedded PostgreSQL. */
  readonly databaseUrl: string | undefined
  readonly port: number
  /** The number of processes; undefined: no fleet, one process. */
  readonly fleetSize: number | undefined
  readonly serveOnly: boolean
  readonly traces: boolean
}

/** Invalid options are reported on standard error. */
export function readWishes(args: readonly string[], environment: NodeJS.ProcessEnv): Wishes | 'help' | 'mistaken' {
  const flag = { type: 'boolean', default: false } as const
  const options = { serve: flag, traces: flag, help: { ...flag, short: 'h' }, fleet: { type: 'string' } } as const
  try {
    const { serve, traces, help, fleet } = parseArgs({ args: [...args], options }).values
    if (help) return 'help'
    const { DATABASE_URL: databaseUrl, PORT: port } = environment
    const fleetSize = fleet === undefined ? undefined : sizeOf(fleet)
    const wishes = { databaseUrl, port: Number(port ?? 0), fleetSize, serveOnly: serve, traces }
    if (fleetSize !== undefined) checkFleet(wishes)
    return wishes
  } catch (error) {
    console.error(`${messageOf(error)}\n`)
    return 'mistaken'
  }
}

/** @throws when it is not a valid size */
function sizeOf(text: string): number {
  const { min, max } = FLEET_SIZES
  const size = Number(text)
  if (/^\d+$/.test(text) && size >= min && size <= max) return size
  throw new RangeError(`--fleet must be a number of processes in ${min} … ${max}, not '${text}'`)
}

/** @throws when an option does not work with a fleet */
function checkFleet({ databaseUrl, traces }: Wishes): void {
  if (traces) throw new Error('--traces works with one process only: leave out --fleet')
  if (databaseUrl !== undefined) {
    throw new Error('The demo of a fleet kills its database, so it needs the embedded one: unset DATABASE_URL')
  }
}
