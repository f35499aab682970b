import type { ActionState } from '../answers.ts'
import { usageFailure } from '../failure.ts'
import type { Answer, ManagementClient } from '../management-client.ts'
import { plainText } from '../plain-text.ts'
import { serviceLines } from '../status-lines.ts'
import { type CommandContext, printJson, type RunCommand } from './command.ts'

type ActionName = 'invalidate' | 'reset' | 'isolate' | 'release'

const DONE: Readonly<Record<ActionName, (what: string) => string>> = {
  invalidate: (what) => `The cache of ${what} is empty: the next request loads anew.`,
  reset: (what) => `The circuit of ${what} was reset, its failures are forgotten.`,
  isolate: (what) => `The circuit of ${what} is held open until it is released.`,
  release: (what) => `Nothing holds the circuit of ${what} open any more.`,
}

/** Does something to a service, or to all of them, and shows where they stand afterwards. */
export function act(action: ActionName): RunCommand {
  return async ({ invocation, client, terminal }: CommandContext) => {
    const { service, json } = invocation
    const answer = service === undefined ? await onAll(action, client) : await client.act(action, service)
    if (json) {
      printJson(terminal, answer.json)
      return 0
    }
    terminal.print(outcome(action, service, answer.value))
    for (const line of serviceLines(answer.value.services, answer.at, terminal)) terminal.print(line)
    return 0
  }
}

/** The command line was looked at: without a service, all are meant, if the action can be done to all. */
function onAll(action: ActionName, client: ManagementClient): Promise<Answer<ActionState>> {
  if (action === 'invalidate' || action === 'reset') return client.actOnAll(action)
  throw usageFailure(`${action} needs the name of a service.`)
}

function outcome(action: ActionName, service: string | undefined, { services }: ActionState): string {
  const name = service === undefined ? 'every service' : plainText(service)
  const isStillIsolated = action === 'release' && services.some(({ circuit }) => circuit?.state === 'isolated')
  // The application can hold a circuit open, too, and only it can let go of that.
  return isStillIsolated ? `The application itself holds the circuit of ${name} open.` : DONE[action](name)
}
