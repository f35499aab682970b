import type { ActionState } from '../answers.ts'
import type { Invocation } from '../command-line.ts'
import { CommandFailure, usageFailure } from '../failure.ts'
import type { Answer, ManagementClient } from '../management-client.ts'
import { plainText } from '../plain-text.ts'
import { countText } from '../quantities.ts'
import { serviceLines } from '../status-lines.ts'
import { type CommandContext, printDoer, printJson, type RunCommand } from './command.ts'

type ActionName = 'invalidate' | 'reset' | 'isolate' | 'release'

const DONE: Readonly<Record<ActionName, (what: string) => string>> = {
  invalidate: (what) => `The cache of ${what} is empty: the next request loads a new instance.`,
  reset: (what) => `The circuit of ${what} was reset: it is closed, and its counts are 0.`,
  isolate: (what) => `The circuit of ${what} is held open until it is released.`,
  release: (what) => `The circuit of ${what} is released.`,
}

/** Acts on one service, or on all of them, and shows their new state. */
export function act(action: ActionName): RunCommand {
  return async ({ invocation, client, terminal }: CommandContext) => {
    const { service, json } = invocation
    const answer = await perform(action, invocation, client)
    if (json) {
      printJson(terminal, answer.json)
      return 0
    }
    terminal.print(outcome(action, service, answer.value))
    const told = await fleetText(answer.value, client)
    if (told !== undefined) terminal.print(told)
    printDoer(terminal, 'Done', answer)
    for (const line of serviceLines(answer.value.services, answer.at, terminal)) terminal.print(line)
    return 0
  }
}

/** The command line was checked: without a service, all are meant, if the action allows that. */
function perform(
  action: ActionName,
  { service, fleet }: Invocation,
  client: ManagementClient,
): Promise<Answer<ActionState>> {
  const scope = fleet ? 'fleet' : undefined
  if (service !== undefined) return client.act(action, service, scope)
  if (action === 'invalidate' || action === 'reset') return client.actOnAll(action, scope)
  throw usageFailure(`${action} needs the name of a service.`)
}

function outcome(action: ActionName, service: string | undefined, { services }: ActionState): string {
  const name = service === undefined ? 'every service' : plainText(service)
  const isStillIsolated = action === 'release' && services.some(({ circuit }) => circuit?.state === 'isolated')
  // The application can isolate a circuit, too, and only the application can end that.
  return isStillIsolated ? `The circuit of ${name} is still isolated by the application itself.` : DONE[action](name)
}

/** What the action did in the fleet; undefined: it was for one process. */
async function fleetText({ fleet }: ActionState, client: ManagementClient): Promise<string | undefined> {
  if (fleet === undefined) return undefined
  if (fleet === 'queued')
    return 'Queued for the other processes of the fleet: they are told as soon as its store answers.'
  const count = await fleetSize(client)
  if (count === undefined) return 'Told the fleet.'
  return `Told ${countText(count)} ${count === 1 ? 'process' : 'processes'} of the fleet.`
}

/** Undefined: it cannot be found out now; the action is done all the same. */
async function fleetSize(client: ManagementClient): Promise<number | undefined> {
  try {
    const { value } = await client.snapshot()
    return value.fleet?.members.length
  } catch (error) {
    if (error instanceof CommandFailure) return undefined
    throw error
  }
}
