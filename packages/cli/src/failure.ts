/**
 * Why a command failed: it was called wrongly; the process could not be reached, or had a server error; it refused; or
 * the command was interrupted.
 */
export type FailureKind = 'usage' | 'unreachable' | 'refused' | 'interrupted'

/** Ends a command with exit code 2. Its message is a sentence for the operator and contains no secret. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly kind: FailureKind

  constructor(kind: FailureKind, message: string) {
    super(message)
    this.kind = kind
  }
}

/** Says what was wrong, and where to find the usage. */
export function usageFailure(what: string): CommandFailure {
  return new CommandFailure('usage', `${what} See "svcproxy --help".`)
}

/** For an action that got no response from the API itself. */
export const UNKNOWN_OUTCOME = 'It is not known whether the action was done: check with "svcproxy status".'
