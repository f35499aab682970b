import type { ProcessState } from './answers.ts'
import type { Answer } from './management-client.ts'

/** What is known about a watched process. */
export interface Watched {
  /** Undefined: it was never reached. */
  readonly latest: Answer<ProcessState> | undefined
  /** Whether this round brought a different answer than the one before. */
  readonly changed: boolean
  /** When {@link Watched.latest} came, by the clock of this machine. */
  readonly receivedAt: number
  /** Since when there has been no answer, by the clock of this machine, and why; undefined: there was one. */
  readonly stale: { readonly since: number; readonly reason: string } | undefined
  /** How many other processes have answered recently. */
  readonly others: number
}
