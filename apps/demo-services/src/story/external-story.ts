import { allIsWell, checkNothingSent, untilHealed } from './embedded-story.ts'
import { kindOf } from './ledger.ts'
import type { Stage } from './stage.ts'
import { printRemark } from './terminal.ts'

/** How long to wait for the user to stop the database, and then to start it, in seconds each. */
const PATIENCE_S = 140

/** The story with the user's own database, which only the user can stop and start. */
export async function tellExternalStory(stage: Stage, place: string): Promise<void> {
  await allIsWell(stage)
  await databaseStops(stage, place)
  await databaseStarts(stage)
}

async function databaseStops(stage: Stage, place: string): Promise<void> {
  stage.act('Over to you: stop the database')
  const failed = stage.traffic.next((answer) => kindOf(answer) === 'failed')
  const refused = stage.nextProxied((answer) => kindOf(answer) === 'refused')
  const opened = stage.circuit.until('open')
  printRemark(`Stop the PostgreSQL at ${place} now; this waits for ${PATIENCE_S} seconds.`)
  printRemark('For example: pg_ctl stop -m immediate, systemctl stop postgresql, docker stop …')
  void failed.then(() => stage.outageBegins())
  const stopped = await stage.rowsUntil(opened, PATIENCE_S)
  stage.check(stopped, 'the database stopped and the circuit opened')
  if (!stopped) throw new Error(`The PostgreSQL at ${place} was not stopped within ${PATIENCE_S} seconds`)
  stage.show(await refused)
  await stage.rows(3)
  checkNothingSent(stage)
}

async function databaseStarts(stage: Stage): Promise<void> {
  stage.act('Start it again')
  printRemark(`This waits for ${PATIENCE_S} seconds.`)
  const back = stage.traffic.next((answer) => answer.side === 'standard' && kindOf(answer) === 'live')
  void back.then(() => stage.outageEnds())
  const started = await stage.rowsUntil(back, PATIENCE_S)
  if (!started) throw new Error(`The PostgreSQL was not started again within ${PATIENCE_S} seconds`)
  stage.event('▶', 'the database answers again', 'green')
  await untilHealed(stage, stage.circuit.until('closed'))
}
