import { existsSync } from 'node:fs'
import { OPERATIONS_PATH } from '../endpoints.ts'
import { livingOf, processFamily } from '../processes/processes.ts'
import { DEMO_POLICY } from '../story/demo-policy.ts'
import { duration, print, tone } from '../story/terminal.ts'
import type { FleetStage } from './fleet-stage.ts'
import { FLEET_STORY } from './fleet-story.ts'
import { CIRCUIT_MARKS } from './fleet-table.ts'
import { EVERY_MS } from './fleet-traffic.ts'
import { all } from './words.ts'

/** Tells the story. The stage counts failed checks. */
export async function tellFleetStory(stage: FleetStage, framework: string): Promise<void> {
  printIntroduction(stage, framework)
  try {
    for (const tellAct of FLEET_STORY) await tellAct(stage)
  } finally {
    await stage.traffic.stop()
  }
  printTotal(stage)
}

/** The last act: ends everything, and checks that nothing is left. */
export async function endFleet(stage: FleetStage): Promise<void> {
  const { fleet, members } = stage
  const { postgres, redis } = fleet
  const servers = [postgres.pid, redis.pid].flatMap((pid) => (pid === undefined ? [] : processFamily(pid)))
  stage.act('The end')
  stage.event('■', `SIGTERM to ${all(members.length)} processes`, 'yellow')
  const endings = await Promise.all(members.map((member) => member.end()))
  const longest = Math.max(...endings.map(({ tookMs }) => tookMs))
  stage.check(
    endings.every(({ code }) => code === 0),
    `each has ended by itself with code 0, the last one after ${duration(longest)}`,
  )
  await fleet[Symbol.asyncDispose]()
  const left = livingOf([...servers, ...members.map(({ pid }) => pid)])
  stage.check(
    left.length === 0 && !existsSync(redis.folder),
    'nothing is left running: no process, no PostgreSQL, no Redis',
  )
  print()
  if (stage.failedChecks > 0) print(tone('red', ` ${stage.failedChecks} checks of the story failed.\n`))
}

function printIntroduction({ fleet, members }: FleetStage, framework: string): void {
  const { recoveryTimeoutMs, successThreshold, timeoutMs } = DEMO_POLICY
  const { postgres, redis } = fleet
  const { closed, half_open, open } = CIRCUIT_MARKS
  const what = `${members.length} processes of ${framework}, Node ${process.version.slice(1)}`
  const lines = [
    ['circuit', `of the service that reads from the database; all processes share it:`],
    ['', 'opens in all of them when several report failures, not when only one does;'],
    [
      '',
      `after ${recoveryTimeoutMs / 1000} s one process probes for all; closes after ${successThreshold} successful trials there`,
    ],
    ['', `${closed} closed   ${half_open} half-open   ${open} open`],
    ['deadline', `${timeoutMs / 1000} s for a call; failed reads are retried`],
    ['to db', 'connections attempted and queries sent, counted at the drivers of all processes'],
    ['fleet', 'connected: each hears the others; degraded: without Redis, each works on its own'],
  ]
  print(`\n ${tone('bold', 'svcproxy demo')}  ${what}`)
  print(`                PostgreSQL, process ${postgres.pid}; Redis ${redis.version}, process ${redis.pid}\n`)
  print(` ${tone('bold', 'Watch it')} in a browser: ${tone('cyan', `${fleet.url}${OPERATIONS_PATH}/`)}\n`)
  print(` Every ${EVERY_MS} ms a GET request goes to one port, behind which the processes take turns:`)
  for (const [title = '', text = ''] of lines) print(`   ${tone('bold', title.padEnd(10))}${text}`.trimEnd())
  print('\n The story takes about 30 seconds.')
}

function printTotal({ traffic }: FleetStage): void {
  const { total } = traffic.ledger
  const rows: [title: string, value: number | string][] = [
    ['requests', total.requests],
    ['answered from the database', total.live],
    ['answered with the last known list', total.lastKnown],
    ['rejected at once, with Retry-After', total.refused],
    ['errors', total.failed],
    ['longest wait', duration(total.longestMs)],
  ]
  print(`\n ${tone('bold', 'The requests to all processes')}\n`)
  for (const [title, value] of rows) print(`   ${title.padEnd(42)}${String(value === 0 ? '·' : value).padStart(10)}`)
}
