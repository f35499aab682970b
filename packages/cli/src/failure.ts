/**
 * Why a command failed: it was called wrongly, the process could not be reached or did not answer well, it refused, or
 * somebody ended the command.
 */
export type FailureKind = 'usage' | 'unreachable' | 'refused' | 'interrupted'

/** Ends a command with exit code 2. Its message is a sentence for the operator and holds no secret. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly kind: FailureKind

  constructor(kind: FailureKind, message: string) {
    super(message)
    this.kind = kind
  }
}

/** How it is used is a question of its own; this says what was wrong. */
export function usageFailure(what: string): CommandFailure {
  return new CommandFailure('usage', `${what} "svcproxy --help" shows how it is used.`)
}

/** Of an action that got no answer from the API itself. */
export const UNKNOWN_OUTCOME = 'Whether the action was done is not known: look with "svcproxy status".'
