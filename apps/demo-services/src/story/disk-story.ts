import { APPLICATION_NAMES } from '../demo-world.ts'
import type { EmbeddedPostgres } from '../postgres/embedded-postgres.ts'
import { FailingDisk } from '../postgres/failing-disk.ts'
import { CircuitWatch } from './circuit-watch.ts'
import type { Opening } from './circuit-watch.ts'
import { AUDIT_FAILURE_RATE } from '../service-manager.ts'
import { DEMO_POLICY } from './demo-policy.ts'
import { DiskTable } from './disk-table.ts'
import type { Seen } from './disk-table.ts'
import type { Tally } from './ledger.ts'
import type { Stage } from './stage.ts'
import { printRemark } from './terminal.ts'
import { COMMANDS } from './traffic.ts'

/** How many more reads are answered than without retries, at least. It is random which retries help. */
const LEAST_HELP = 0.05
/** A fifth more by the budget. The budget counts ten seconds: calm seconds before a short act leave some more. */
const MOST_LOAD = 1.3

/**
 * The act of a database that answers two of five statements with an error. Reads are retried; the circuit of the audit
 * trail, where commands are written, opens by its failure rate.
 */
export async function diskFails(stage: Stage, database: EmbeddedPostgres): Promise<void> {
  const { manager, traffic, commands, databaseTraffic } = stage
  const table = new DiskTable({
    reads: traffic.ledgers,
    commands: commands.ledgers,
    countRetries: () => manager.getProxy('entityService').getCounts().retries,
  })
  const audit = watchAudit(stage)
  stage.act('A disk fails: two of five statements end with an error', table)
  const readsBefore = databaseTraffic.proxied.reads
  const { openings } = stage.circuit
  const { ratio, minimumCalls } = AUDIT_FAILURE_RATE
  await using disk = await FailingDisk.begin(database.url, Object.values(APPLICATION_NAMES))
  stage.event('✖', 'of each five statements PostgreSQL answers two with 58030, an input/output error', 'red')
  printRemark('Failed reads are retried. Their budget: one retry per five reads, over ten seconds.')
  printRemark(`Commands, one every ${COMMANDS.everyMs} ms, are never retried: a failed one may have been carried out.`)
  printRemark(
    `Each is recorded first. That circuit also has a failure rate: ${percent(ratio)} of at least ${minimumCalls} calls.`,
  )
  commands.start()
  await stage.rowsUntil(audit.until('open'), 10)
  await stage.rows(3)
  checkReads(stage, table.total, databaseTraffic.proxied.reads - readsBefore)
  stage.check(
    stage.circuit.openings === openings,
    `the circuit of the reads stayed closed: never ${DEMO_POLICY.failureThreshold} failures in a row`,
  )
  await checkCommands(stage, audit.opening, disk)

  const closed = audit.until('closed')
  await disk.repair()
  stage.event('▶', 'The disk works again', 'green')
  stage.check(await stage.rowsUntil(closed, 10), 'the circuit of the audit trail closed by itself')
  await stage.rows(1)
  checkAllIsWell(stage, table.last)
}

function watchAudit(stage: Stage): CircuitWatch {
  const { manager, commands, databaseTraffic } = stage
  const watch = new CircuitWatch(manager.getProxy('securityAuditService'), databaseTraffic.proxied, (from, to) => {
    stage.circuitChanged('audit trail: circuit', `by its rate: ${rateOf(watch.opening)}`, from, to)
    if (from === 'closed') printRemark(`Failures in a row: ${inARowOf(watch.opening)} that would have opened it.`)
  })
  commands.onAnswer(({ side }) => {
    if (side === 'proxied') watch.look()
  })
  return watch
}

function rateOf({ calls, failed }: Opening): string {
  return `${failed} of ${calls} calls failed, ${percent(failed / calls)}`
}

function inARowOf({ failedInARow }: Opening): string {
  return `${failedInARow} of the ${DEMO_POLICY.failureThreshold}`
}

/** @param sent the number of reads that were sent to the database */
function checkReads(stage: Stage, { reads, retries }: Seen, sent: number): void {
  const { standard, proxied } = reads
  const made = retries.success + retries.failure
  const load = sent / proxied.requests
  stage.check(
    standard.requests > standard.live,
    `standard: ${standard.live} of ${standard.requests} reads are answered (${percent(answeredPart(standard))})`,
  )
  stage.check(
    answeredPart(proxied) > answeredPart(standard) + LEAST_HELP,
    `proxied: ${answered(proxied)} of ${proxied.requests} (${percent(answeredPart(proxied))}), ${proxied.lastKnown} of them with the last known list`,
  )
  stage.check(
    retries.success > made / 4 && retries.denied > 0,
    `${retries.success} of ${made} retries helped; ${retries.denied} more were denied by the budget`,
  )
  stage.check(
    load > 1 && load < MOST_LOAD,
    `the database got ${sent} reads for ${proxied.requests}: ${load.toFixed(2)} times the load`,
  )
}

async function checkCommands(stage: Stage, opening: Opening, disk: FailingDisk): Promise<void> {
  const { successfulRequests, failedRequests, retries } = stage.manager.getProxy('securityAuditService').getCounts()
  const asked = successfulRequests + failedRequests
  const sent = await disk.statements(APPLICATION_NAMES.proxied, 'audit_entries')
  stage.check(
    // A trial may be in flight.
    Math.abs(sent - asked) <= 1 && retries.success + retries.failure + retries.denied === 0,
    `no command was retried: ${asked} had to be recorded, and the database got ${sent}`,
  )
  stage.check(
    opening.failed > 0 && opening.failedInARow < DEMO_POLICY.failureThreshold,
    `the rate opened the circuit of the audit trail, with ${inARowOf(opening)} failures in a row`,
  )
}

function checkAllIsWell(stage: Stage, { reads, commands }: Seen): void {
  const tallies = [...Object.values(reads), ...Object.values(commands)]
  const { proxied } = reads
  stage.check(
    tallies.every(({ live, requests }) => live > 0 && live === requests),
    `everything works: ${proxied.requests} reads and ${commands.proxied.requests} commands, all answered`,
  )
}

function answered({ live, lastKnown }: Tally): number {
  return live + lastKnown
}

function answeredPart(tally: Tally): number {
  return answered(tally) / tally.requests
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`
}
