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
  status: { target: 'all or one', does: 'shows the services, or all there is to know of one' },
  watch: { target: 'none', does: 'shows them until Ctrl-C; not on a terminal: changes' },
  health: { target: 'all or one', does: 'shows the last checks, or checks one service now' },
  invalidate: { target: 'one or all', does: 'forgets what is cached: the next request loads' },
  reset: { target: 'one or all', does: 'closes the circuit, forgets its failures' },
  isolate: { target: 'one', does: 'holds the circuit open: no call reaches the service' },
  release: { target: 'one', does: 'ends what isolate did' },
}

export function isCommandName(text: string): text is CommandName {
  return Object.hasOwn(COMMANDS, text)
}
