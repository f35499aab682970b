import type { Invocation } from '../command-line.ts'
import type { Answer, ManagementClient } from '../management-client.ts'
import { plainJson, plainText } from '../plain-text.ts'
import type { Terminal } from '../terminal.ts'

/** What a command works with. */
export interface CommandContext {
  readonly invocation: Invocation
  readonly client: ManagementClient
  readonly terminal: Terminal
}

/** Resolves with the exit code; rejects with a `CommandFailure`. */
export type RunCommand = (context: CommandContext) => Promise<number>

/** 0: everything that was checked is healthy. */
export function exitCodeOf(isWell: boolean): number {
  return isWell ? 0 : 1
}

/** Prints a response as it came, with indentation. */
export function printJson({ print }: Terminal, json: unknown): void {
  print(plainJson(JSON.stringify(json, undefined, 2)))
}

/** Prints which process did something: behind a load balancer it may be any. @param what it did: `Done` */
export function printDoer({ print }: Terminal, what: string, { by }: Pick<Answer<unknown>, 'by'>): void {
  if (by !== undefined) print(`${what} by instance ${plainText(by)}.`)
}
