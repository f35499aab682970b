import { parseCommandLine, type Invocation } from './command-line.ts'
import type { CommandName } from './command-names.ts'
import { act } from './commands/act.ts'
import type { RunCommand } from './commands/command.ts'
import { health } from './commands/health.ts'
import { status } from './commands/status.ts'
import { watch } from './commands/watch.ts'
import { CommandFailure } from './failure.ts'
import { helpText, versionText } from './help.ts'
import { managementClient } from './management-client.ts'
import { type CliEnvironment, type CliIo, type Terminal, terminalOf } from './terminal.ts'

const RUN: Readonly<Record<CommandName, RunCommand>> = {
  status,
  watch,
  health,
  invalidate: act('invalidate'),
  reset: act('reset'),
  isolate: act('isolate'),
  release: act('release'),
}

/**
 * Runs the command `svcproxy`.
 * @param argv the arguments after the command's name
 * @param env reads `SVCPROXY_URL`, `SVCPROXY_TOKEN`, `NO_COLOR`, `FORCE_COLOR` and `TERM`
 * @returns the exit code. 0: all is healthy, or the action was done. 1: the status is `warn` or `fail`; for `health`, a
 * check failed. 2: the command failed (wrong usage, unreachable, refused or interrupted); a sentence on `io.stderr`
 * says why
 */
export async function runCli(argv: readonly string[], env: CliEnvironment, io: CliIo): Promise<number> {
  const terminal = terminalOf(io, env)
  try {
    const invocation = parseCommandLine(argv, env)
    if (invocation === 'help') terminal.write(helpText())
    else if (invocation === 'version') terminal.print(versionText())
    else return await run(invocation, terminal)
    return 0
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error
    terminal.remark(error.message)
    return 2
  }
}

function run(invocation: Invocation, terminal: Terminal): Promise<number> {
  const { command, url, token, timeoutMs } = invocation
  const { interrupted, now } = terminal
  const client = managementClient({ url, token, timeoutMs, interrupted, now })
  return RUN[command]({ invocation, client, terminal })
}
