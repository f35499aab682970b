import type { Cause } from '../circuit/state-machine.ts'
import type { RetryPolicy } from './retry-policy.ts'
import type { Fallback } from './service-proxy-options.ts'

/** Options of {@link ServiceProxy.get}. */
export interface GetOptions {
  /** Ends the wait: the promise rejects with `signal.reason`. A load that others wait for as well goes on. */
  readonly signal?: AbortSignal | undefined
}

/** Options of the calls of one caller. */
export interface CallerOptions {
  /** Aborts the calls: they reject with its `reason`, and the signals of their operations abort. */
  readonly signal?: AbortSignal | undefined
  /**
   * The deadline of each call, in milliseconds. Takes precedence over those of the methods and of the service.
   * @defaultValue that of the method or the service  @throws {@link InvalidOptionError} when not in 1 … 2 147 483 647
   */
  readonly timeoutMs?: number | undefined
}

/** Options of {@link ServiceProxy.call}. */
export interface CallOptions<R> {
  /** Aborts the call: the promise rejects with `signal.reason`, and the signal of the operation aborts. */
  readonly signal?: AbortSignal | undefined
  /** The deadline of the call, in milliseconds. @defaultValue the service's @throws (as a rejection) {@link InvalidOptionError} when not in 1 … 2 147 483 647 */
  readonly timeoutMs?: number | undefined
  /**
   * Whether a failed call is retried: `true` for the service's `retry`, or a policy whose fields take precedence over
   * it. Only for operations that may be done twice.
   * @defaultValue false  @throws (as a rejection) {@link InvalidOptionError}
   */
  readonly retry?: boolean | RetryPolicy | undefined
  /**
   * Answers instead of the service when it is unavailable or the operation fails. Takes precedence over the proxy's
   * fallback.
   */
  readonly fallback?: Fallback<R> | undefined
}

/** Says who caused an action. */
export interface Caused {
  /** Who caused it; events report it. @defaultValue `process`: the application itself */
  readonly cause?: Cause
}

/** Options of {@link ServiceProxy.checkHealth}. */
export interface CheckHealthOptions {
  /**
   * How long the caller waits, in milliseconds: no result by then is false.
   * @defaultValue the service's deadline
   * @throws {@link InvalidOptionError} (as a rejection) when not in 1 … 2 147 483 647
   */
  readonly timeoutMs?: number
}

/** Options of {@link ServiceProxy.stop}. */
export interface StopOptions {
  /**
   * How long to wait for calls and loads in flight, in milliseconds.
   * @defaultValue 10 000  @throws {@link InvalidOptionError} when not in 0 … 2 147 483 647
   */
  readonly timeoutMs?: number
}
