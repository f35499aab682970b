/** How the service answers. */
export type Mode = 'well' | 'hang' | 'slow' | 'reset' | 'errors' | 'not found' | 'flapping'

/** Whose requests those are that ask only whether the service answers: it is never at a loss for that record. */
export const PING = 'ping'

/** What the service is told. */
export type ServiceOrder =
  | { readonly type: 'mode'; readonly mode: Mode }
  /** Answered with a {@link ServiceReport}. */
  | { readonly type: 'report' }

/** What it says: once when it listens, and whenever it is asked. */
export interface ServiceReport {
  readonly port: number
  /** By client: the most requests that were under way at once for a while, since the last report. */
  readonly sustained: Readonly<Record<string, number>>
  /** By client: the requests that it has sent. */
  readonly requests: Readonly<Record<string, number>>
}
