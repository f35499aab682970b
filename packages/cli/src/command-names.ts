export type CommandName = 'status' | 'watch' | 'invalidate' | 'reset' | 'isolate' | 'release' | 'health'

/** How many services a command is for. */
export type CommandTarget = 'none' | 'one' | 'all or one' | 'one or all'

export interface CommandDescription {
  /** `all or one`: all unless one is named. `one or all`: one has to be named, or `--all` given. */
  readonly target: CommandTarget
  readonly does: string
}

/** In the order in which the help shows them. */
export const COMMANDS: Readonly<Record<CommandName, CommandDescription>> = {
  status: { target: 'all or one', does: 'shows all services, or one in detail' },
  watch: { target: 'none', does: 'shows them live until Ctrl-C; in a pipe: changes' },
  health: { target: 'all or one', does: 'shows the last checks, or checks one service now' },
  invalidate: { target: 'one or all', does: 'empties the cache: the next request loads' },
  reset: { target: 'one or all', does: 'closes the circuit and resets its counts' },
  isolate: { target: 'one', does: 'holds the circuit open: no call reaches the service' },
  release: { target: 'one', does: 'ends the isolation' },
}

export function isCommandName(text: string): text is CommandName {
  return Object.hasOwn(COMMANDS, text)
}
