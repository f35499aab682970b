import type { Cause } from '../circuit/state-machine.ts'
import type { RetryPolicy } from './retry-policy.ts'
import type { Fallback } from './service-proxy-options.ts'

/** How to ask for a service. */
export interface GetOptions {
  /** Ends the wait: the promise rejects with `signal.reason`. A load that others wait for too goes on. */
  readonly signal?: AbortSignal | undefined
}

/** For whom to call. */
export interface CallerOptions {
  /** Ends the calls when it aborts: they reject with its `reason`, and their operations' own signals abort. */
  readonly signal?: AbortSignal | undefined
  /**
   * The deadline of each call, in milliseconds; goes before those of the methods and of the service.
   * @defaultValue theirs  @throws {@link InvalidOptionError} when not in 1 … 2 147 483 647
   */
  readonly timeoutMs?: number | undefined
}

/** How to make a call. */
export interface CallOptions<R> {
  /** Ends the call: the promise rejects with `signal.reason`, and the operation's own signal aborts. */
  readonly signal?: AbortSignal | undefined
  /** The deadline of the call, in milliseconds. @defaultValue the service's @throws (as a rejection) {@link InvalidOptionError} when not in 1 … 2 147 483 647 */
  readonly timeoutMs?: number | undefined
  /**
   * Whether it is tried again when it failed: `true` as the service's `retry` says, or a policy that goes over that. Only
   * for what may be done twice. @defaultValue false @throws (as a rejection) {@link InvalidOptionError}
   */
  readonly retry?: boolean | RetryPolicy | undefined
  /** Answers in place of the service when it cannot be had or the operation fails; goes before the proxy's fallback. */
  readonly fallback?: Fallback<R> | undefined
}

/** On whose behalf something is done. */
export interface Caused {
  /** Who is behind it; events tell it. @defaultValue `process`: the application itself */
  readonly cause?: Cause
}

/** How to check health. */
export interface CheckHealthOptions {
  /** How long the caller is willing to wait: no answer by then is false. In milliseconds. @defaultValue the service's deadline */
  readonly timeoutMs?: number
}

/** How to stop. */
export interface StopOptions {
  /** How long to wait for work under way, in milliseconds. @defaultValue 10 000 @throws {@link InvalidOptionError} when not in 0 … 2 147 483 647 */
  readonly timeoutMs?: number
}
