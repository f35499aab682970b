import { healthColumns } from '../service-columns.ts'
import { headLine } from '../status-lines.ts'
import { tableLines } from '../table.ts'
import { type CommandContext, exitCodeOf, printDoer, printJson } from './command.ts'

/**
 * Checks a service now. Without a service, shows the results of the last checks without a new check; a service that was
 * never checked does not count as unhealthy.
 */
export async function health(context: CommandContext): Promise<number> {
  const { service } = context.invocation
  return service === undefined ? lastChecks(context) : checkNow(context, service)
}

async function lastChecks({ invocation, client, terminal }: CommandContext): Promise<number> {
  const { value, json, at } = await client.snapshot()
  const { services } = value
  if (invocation.json) printJson(terminal, json)
  else {
    terminal.print(headLine(value, at, terminal))
    for (const line of tableLines(healthColumns(at), services, terminal)) terminal.print(line)
  }
  return exitCodeOf(services.every((row) => row.health?.healthy !== false))
}

async function checkNow({ invocation, client, terminal }: CommandContext, service: string): Promise<number> {
  const answer = await client.act('health-check', service)
  const isWell = answer.value.healthy === true
  if (invocation.json) printJson(terminal, answer.json)
  else {
    terminal.print(`${service} is ${terminal.paint(isWell ? 'green' : 'red', isWell ? 'healthy' : 'unhealthy')}.`)
    printDoer(terminal, 'Checked', answer)
  }
  return exitCodeOf(isWell)
}
