import { sheetLines } from '../sheet-lines.ts'
import { statusLines } from '../status-lines.ts'
import { type CommandContext, exitCodeOf, printJson } from './command.ts'

/** Shows the state of all services, or of one in detail. */
export async function status({ invocation, client, terminal }: CommandContext): Promise<number> {
  const { service, json } = invocation
  if (service !== undefined) {
    const sheet = await client.service(service)
    if (json) printJson(terminal, sheet.json)
    else for (const line of sheetLines(sheet.value, sheet.at, terminal)) terminal.print(line)
    return exitCodeOf(sheet.value.status === 'pass')
  }
  const snapshot = await client.snapshot()
  if (json) printJson(terminal, snapshot.json)
  else for (const line of statusLines(snapshot.value, snapshot.at, terminal)) terminal.print(line)
  return exitCodeOf(snapshot.value.status === 'pass')
}
