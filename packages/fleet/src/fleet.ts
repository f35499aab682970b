import type { Caused, FleetCounts, FleetInvalidation, ManagedFleet } from '@svcproxy/core'

/** The counts of a member that has just joined. */
export function noCounts(): { -readonly [K in keyof FleetCounts]: number } {
  return {
    hints: 0,
    droppedMessages: 0,
    deferredHints: 0,
    missedHints: 0,
    resyncs: 0,
    invalidationsSent: 0,
    invalidationsReceived: 0,
    reports: 0,
    probes: 0,
    disconnections: 0,
    storeErrors: 0,
  }
}

/** This process as a member of a fleet. Calls never wait for the fleet. Created by {@link joinFleet}. */
export interface Fleet<M extends object> extends Pick<ManagedFleet, 'status' | 'refresh' | 'leave'>, AsyncDisposable {
  /**
   * Invalidates the cached instances of one service, or of all, in every process of the fleet: in this one at once, in
   * the others as soon as they hear of it. If the store cannot be reached now, the others are told when it can be
   * reached again.
   * @throws {@link InvalidOptionError} (as a rejection) when there is no such service
   */
  invalidate(service?: keyof M & string, caused?: Caused): Promise<FleetInvalidation>
  /**
   * Leaves the fleet and closes the store. The proxies continue on their own. The manager's `stop()` calls it, so call
   * it only to leave earlier. Calling it again returns the same promise.
   */
  leave(): Promise<void>
}
