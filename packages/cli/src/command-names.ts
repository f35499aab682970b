export type CommandName = 'status' | 'watch' | 'invalidate' | 'reset' | 'isolate' | 'release' | 'health'

/** How many services a command is for. */
export type CommandTarget = 'none' | 'one' | 'all or one' | 'one or all'

export interface CommandDescription {
  /** `all or one`: all unless one is named. `one or all`: one must be named, or all be said. */
  readonly target: CommandTarget
  readonly does: string
}

/** In the order in which the help shows them. */
export const COMMANDS: Readonly<Record<CommandName, CommandDescription>> = {
  status: { target: 'all or one', does: 'shows the services, or one with its settings, methods and events' },
  watch: { target: 'none', does: 'shows them until Ctrl-C; without a terminal, one line for each change' },
  health: { target: 'all or one', does: 'shows the last health checks, or checks one service now' },
  invalidate: { target: 'one or all', does: 'forgets cached instances: the next request loads anew' },
  reset: { target: 'one or all', does: 'closes circuits and forgets their failures' },
  isolate: { target: 'one', does: 'holds a circuit open: no request reaches the service' },
  release: { target: 'one', does: 'ends what isolate did' },
}

export function isCommandName(text: string): text is CommandName {
  return Object.hasOwn(COMMANDS, text)
}
