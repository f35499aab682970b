import { duration } from '../story/terminal.ts'
import { FLAG } from './flag-file.ts'
import { FlagWatch } from './flag-watch.ts'
import type { FleetStage } from './fleet-stage.ts'
import { now } from './messages.ts'
import { all, theOthers } from './words.ts'

/** How long the processes may take to hear of something, in milliseconds; generous for a busy machine. */
const PATIENCE_MS = 10_000
/** The index of the process that invalidates. */
const TELLS = 1
/** More times than this are not listed individually. */
const MOST_LISTED = 3

export async function flagChanges(stage: FleetStage): Promise<void> {
  stage.begin('A feature flag changes, and one process invalidates it')
  const { fleet, members } = stage
  await stage.flags()
  await fleet.flags.turn('off')
  stage.event('✎', `${FLAG} is off now, in the file that all processes read`, 'yellow')
  const before = await stage.flags()
  using watch = new FlagWatch(members)
  const { member, others } = stage.pick(TELLS)
  const told = await member.invalidate()
  stage.event('↻', `${member.label} invalidates the flags in the fleet: ${told.fleet}`, 'cyan')
  await stage.rowsUntil(watch.untilInvalidatedIn(others), 5)
  const after = await stage.flags()
  await stage.rows(1)

  const times = watch.timesOf(others)
  stage.check(before.every(Boolean), `${all(members.length)} still use the cached flag`)
  stage.check(
    told.fleet === 'sent' && times.length === others.length,
    `the invalidation reaches ${theOthers(others.length)} after ${listed(times, told.at)}`,
  )
  stage.check(
    after.every((isOn) => !isOn) && watch.loads === members.length,
    `${all(members.length)} report that it is off; reads of the file for that: ${watch.loads}, one in each`,
  )
}

export async function redisDies(stage: FleetStage): Promise<void> {
  stage.begin('Redis is killed')
  const { fleet, members } = stage
  const killedAt = now()
  const { pid } = fleet.redis
  await fleet.redis.kill()
  stage.event('✖', `SIGKILL to Redis, process ${pid}`, 'red')
  const areDegraded = await stage.untilAll(({ state }) => state === 'degraded', PATIENCE_MS)
  const times = (await stage.standings()).map(({ since }) => since)
  await fleet.flags.turn('on')
  stage.event('✎', `${FLAG} is on again`, 'yellow')
  const { member, others } = stage.pick(TELLS)
  const told = await member.invalidate()
  stage.event('↻', `${member.label} invalidates the flags in the fleet: ${told.fleet}`, 'cyan')
  const flags = await stage.flags()
  const { requests, live } = await stage.tallyOf(() => stage.rows(3))

  stage.check(
    areDegraded,
    `${all(members.length)} members report that they are degraded, after ${listed(times, killedAt)}`,
  )
  stage.check(live > 0 && live === requests, `calls continue: all ${requests} requests are answered from the database`)
  stage.check(
    told.fleet === 'queued' && flags.every((isOn, index) => isOn === (index === TELLS)),
    `${member.label} reports that the flag is on; it is still off in ${theOthers(others.length)}`,
  )
}

export async function redisReturns(stage: FleetStage): Promise<void> {
  stage.begin('Redis comes back')
  const { fleet, members } = stage
  const { member, others } = stage.pick(TELLS)
  using watch = new FlagWatch(members)
  await fleet.redis.start()
  const backAt = now()
  stage.event('▶', `Redis is back with its data, as process ${fleet.redis.pid}`, 'green')
  const areConnected = stage.untilAll(({ state, queued }) => state === 'connected' && queued === 0, PATIENCE_MS)
  await stage.rowsUntil(Promise.all([areConnected, watch.untilInvalidatedIn(others)]), PATIENCE_MS / 1_000)
  const standings = await stage.standings()
  const flags = await stage.flags()
  await stage.rows(1)

  const connectedAt = standings.map(({ since }) => since)
  const times = watch.timesOf(others)
  stage.check(await areConnected, `${all(members.length)} are connected again, after ${listed(connectedAt, backAt)}`)
  stage.check(
    times.length === others.length,
    `the queued invalidation of ${member.label} reaches ${theOthers(others.length)}, after ${listed(times, backAt)}`,
  )
  stage.check(
    flags.every(Boolean) && watch.loads === others.length,
    `${all(members.length)} report that the flag is on; reads of the file for that: ${watch.loads}, none where it was on`,
  )
  stage.check(watch.otherServices.length === 0, 'nothing else was invalidated')
}

/** How long after `since` each of these happened, the earliest first; of many only the first and the last. */
function listed(times: readonly number[], since: number): string {
  const texts = times.toSorted((one, other) => one - other).map((at) => duration(Math.max(0, at - since)))
  return texts.length > MOST_LISTED ? `${texts[0]} … ${texts.at(-1)}` : texts.join(', ')
}
