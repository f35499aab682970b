import type { CallEnd } from '../tally.ts'

/** Somebody who calls a proxy, directly or through an application. */
export interface Caller extends AsyncDisposable {
  /**
   * Calls once.
   * @param leaveAfterMs when the caller gives up, if it does; in milliseconds
   * @returns how it ended for the caller
   */
  call(id: number, leaveAfterMs: number | undefined): Promise<CallEnd>
}
