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

/** 0: what was looked at is well. */
export function exitCodeOf(isWell: boolean): number {
  return isWell ? 0 : 1
}

/** An answer as it came, laid out for reading. */
export function printJson({ print }: Terminal, json: unknown): void {
  print(plainJson(JSON.stringify(json, undefined, 2)))
}

/** Which process did something: behind a load balancer it may be any. @param what it did: `Done` */
export function printDoer({ print }: Terminal, what: string, { by }: Pick<Answer<unknown>, 'by'>): void {
  if (by !== undefined) print(`${what} by instance ${plainText(by)}.`)
}
