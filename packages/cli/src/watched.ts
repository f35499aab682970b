import type { ProcessState } from './answers.ts'
import type { Answer } from './management-client.ts'

/** What is known of a process that is being watched. */
export interface Watched {
  /** Undefined: it was never reached. */
  readonly latest: Answer<ProcessState> | undefined
  /** Whether this round brought another answer than the one before. */
  readonly changed: boolean
  /** When {@link Watched.latest} came, by the clock of this machine. */
  readonly receivedAt: number
  /** Since when there was no answer, by the clock of this machine, and why; undefined: there was one. */
  readonly stale: { readonly since: number; readonly reason: string } | undefined
  /** How many other processes have answered lately. */
  readonly others: number
}
