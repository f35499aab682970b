import type { EmbeddedPostgres } from '../postgres/embedded-postgres.ts'
import { DRIVER_TIMEOUT_MS, MAX_CONNECTIONS } from '../postgres/database.ts'
import { DEMO_POLICY } from './demo-policy.ts'
import { diskFails } from './disk-story.ts'
import { kindOf } from './ledger.ts'
import type { Stage } from './stage.ts'
import { duration, printRemark } from './terminal.ts'

/** The maximum duration of an immediate answer, in milliseconds; generous for a busy machine. */
const AT_ONCE_MS = 250
/** How far from the deadline an answer may be, in milliseconds. */
const DEADLINE_TOLERANCE_MS = 500

/** The story of a database that dies, comes back, hangs, continues and half fails. It needs no help. */
export const EMBEDDED_STORY: readonly ((stage: Stage, database: EmbeddedPostgres) => Promise<void>)[] = [
  allIsWell,
  databaseDies,
  databaseReturns,
  databaseHangs,
  databaseGoesOn,
  diskFails,
]

export async function allIsWell(stage: Stage): Promise<void> {
  stage.act('Everything works')
  stage.traffic.start()
  await stage.rows(3)
  const { standard, proxied } = stage.traffic.ledgers
  for (const [side, { total }] of Object.entries({ standard, proxied })) {
    stage.check(total.live > 0 && total.live === total.requests, `${side}: all ${total.requests} requests are answered`)
  }
  stage.check(
    stage.cacheHits > proxied.total.requests / 2,
    `${stage.cacheHits} times the service was in the proxy's cache`,
  )
}

async function databaseDies(stage: Stage, database: EmbeddedPostgres): Promise<void> {
  stage.act('The database process is killed')
  const opened = stage.circuit.until('open')
  const refused = stage.nextProxied((answer) => kindOf(answer) === 'refused')
  const remembered = stage.nextProxied(({ lastKnown }) => lastKnown)
  stage.outageBegins()
  const { pid } = database
  await database.kill()
  stage.event('✖', `SIGKILL to PostgreSQL, process ${pid}`, 'red')
  await opened
  const [refusal, list] = await Promise.all([refused, remembered])
  stage.show(refusal)
  stage.show(list)
  await stage.rows(4)

  stage.check(stage.circuit.openings > 0, 'the circuit opened')
  stage.check(
    refusal.durationMs < AT_ONCE_MS && Number(refusal.retryAfter) > 0,
    `it answers at once: 503 in ${duration(refusal.durationMs)}, with Retry-After`,
  )
  stage.check(list.durationMs < AT_ONCE_MS, `the list is still served, as last known, in ${duration(list.durationMs)}`)
  checkNothingSent(stage)
}

async function databaseReturns(stage: Stage, database: EmbeddedPostgres): Promise<void> {
  stage.act('The database comes back')
  const closed = stage.circuit.until('closed')
  await database.start()
  stage.outageEnds()
  stage.event('▶', `PostgreSQL is back, as process ${database.pid}`, 'green')
  await untilHealed(stage, closed)
}

async function databaseHangs(stage: Stage, database: EmbeddedPostgres): Promise<void> {
  stage.act('The database hangs: connections stay open, nobody answers')
  const { openings } = stage.circuit
  stage.outageBegins()
  await database.freeze()
  stage.event('✖', `SIGSTOP to PostgreSQL, process ${database.pid} and its children`, 'red')
  printRemark(
    `At most ${MAX_CONNECTIONS} proxied calls may be in flight, one per connection; more are rejected at once.`,
  )
  await stage.rows(5)
  const { standard, proxied } = stage.traffic.ledgers
  stage.check(stage.circuit.openings > openings, 'the circuit opened')
  stage.check(
    standard.total.longestMs > DRIVER_TIMEOUT_MS - DEADLINE_TOLERANCE_MS,
    `standard waited for the driver: up to ${duration(standard.total.longestMs)}, ${standard.mostWaiting} requests at once`,
  )
  stage.check(
    proxied.total.longestMs < DEMO_POLICY.timeoutMs + DEADLINE_TOLERANCE_MS,
    `the proxy timed out at its deadline: ${duration(proxied.total.longestMs)}, ${proxied.mostWaiting} requests at once`,
  )
  checkNothingSent(stage)
}

async function databaseGoesOn(stage: Stage, database: EmbeddedPostgres): Promise<void> {
  stage.act('The database continues')
  const closed = stage.circuit.until('closed')
  await database.thaw()
  stage.outageEnds()
  stage.event('▶', 'SIGCONT', 'green')
  await untilHealed(stage, closed)
}

/** Waits until the circuit has closed and both sides answer as before. */
export async function untilHealed(stage: Stage, closed: Promise<unknown>): Promise<void> {
  const healed = await stage.rowsUntil(closed, 10)
  stage.check(healed, 'the circuit closed by itself')
  const live = stage.nextProxied((answer) => kindOf(answer) === 'live')
  stage.check(await stage.rowsUntil(live, 3), 'answers come from the database again')
}

export function checkNothingSent(stage: Stage): void {
  const { callsWhileOpen } = stage.circuit
  stage.check(callsWhileOpen === 0, `calls that reached the database while the circuit was open: ${callsWhileOpen}`)
}
