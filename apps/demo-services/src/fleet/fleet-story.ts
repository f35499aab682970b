import { DEMO_POLICY } from '../story/demo-policy.ts'
import { duration } from '../story/terminal.ts'
import type { FleetStage } from './fleet-stage.ts'
import { flagChanges, redisDies, redisReturns } from './redis-story.ts'
import { all } from './words.ts'

const { failureThreshold, recoveryTimeoutMs } = DEMO_POLICY

/** A process hears of an opening a little after the time from which the fleet counts, on a busy machine even later. */
const SOONEST_TRIAL_MS = 0.9 * recoveryTimeoutMs
/** The connection that the process has, and a new one. */
const MOST_CALLS_IN_A_TRIAL = 2

/** The story of a fleet whose database dies and comes back, and then its Redis. It needs no help. */
export const FLEET_STORY: readonly ((stage: FleetStage) => Promise<void>)[] = [
  allIsWell,
  databaseDies,
  databaseReturns,
  flagChanges,
  redisDies,
  redisReturns,
]

async function allIsWell(stage: FleetStage): Promise<void> {
  stage.begin('Everything works')
  await stage.warmUp()
  stage.traffic.start()
  await stage.rows(3)
  const { ledger, answeredBy } = stage.traffic
  const { live, requests } = ledger.total
  const parts = stage.members.map(({ label }) => answeredBy.get(label) ?? 0)
  const known = Math.max(...(await stage.standings()).map(({ members }) => members))
  stage.check(live > 0 && live === requests, `all ${requests} requests are answered`)
  stage.check(Math.min(...parts) > requests / parts.length / 2, `every process answered some: ${parts.join(', ')}`)
  stage.check(known === parts.length, `${known} members in the fleet, as reported by the one that joined last`)
}

async function databaseDies(stage: FleetStage): Promise<void> {
  stage.begin('The database process is killed')
  const { circuits, fleet, pace } = stage
  const before = await stage.sent()
  const opened = circuits.untilAll('open')
  const { pid } = fleet.postgres
  await fleet.postgres.kill()
  stage.event('✖', `SIGKILL to PostgreSQL, process ${pid}`, 'red')
  stage.check(await stage.rowsUntil(opened, 10), `the circuit opened in ${all(stage.members.length)} processes`)
  const atOpening = await stage.sent()
  const failed = atOpening.failed - before.failed
  const alone = stage.members.length * failureThreshold
  stage.check(
    failed < alone,
    `${failed} calls failed until then; ${stage.members.length} separate circuits open after ${failureThreshold} each: ${alone}`,
  )
  await stage.rowsUntil(circuits.untilTrialsFail(pace.failingTrials), 4 * pace.failingTrials)
  const { calls } = await stage.sent()
  checkTrials(stage, calls - atOpening.calls)
}

/** @param calls the calls that were sent to the database while the circuit was open in all processes */
function checkTrials(stage: FleetStage, calls: number): void {
  const { circuits, actBeganAt, pace } = stage
  const [opening] = circuits.changesTo('open', actBeganAt)
  const trials = circuits.changesTo('half_open', actBeganAt)
  const times = [opening, ...trials].map((change) => change?.at ?? 0)
  const pauses = times.slice(1).map((at, index) => at - Number(times[index]))
  const soonest = Math.min(...pauses)
  stage.check(
    trials.length >= pace.failingTrials && soonest > SOONEST_TRIAL_MS,
    `one process probed for all, once per recovery time: ${trials.length} trials, at least ${duration(soonest)} apart`,
  )
  stage.check(
    calls >= trials.length && calls <= MOST_CALLS_IN_A_TRIAL * trials.length,
    `nothing else was sent to the database: ${calls} calls, ${MOST_CALLS_IN_A_TRIAL} at most in a trial`,
  )
}

async function databaseReturns(stage: FleetStage): Promise<void> {
  stage.begin('The database comes back')
  const { circuits, fleet, members } = stage
  const closed = circuits.untilAll('closed')
  await fleet.postgres.start()
  stage.event('▶', `PostgreSQL is back, as process ${fleet.postgres.pid}`, 'green')
  const healed = await stage.rowsUntil(closed, 10)
  stage.check(healed, `the circuit closed by itself in ${all(members.length)} processes`)
  const { requests, live } = await stage.tallyOf(() => stage.rows(1))
  stage.check(live > 0 && live === requests, `answers come from the database again: all ${requests} of the last second`)
}
