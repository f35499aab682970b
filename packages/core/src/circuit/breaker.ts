import type { Attempt, AttemptEnd, Outcome } from '../attempts/attempt.ts'
import type { Clock } from '../clock.ts'
import type { AttemptObserver } from '../attempts/deadline.ts'
import type { CircuitOpenError } from '../errors.ts'
import type { ResolvedCircuitPolicy } from './policy.ts'
import type { CircuitTransition } from './state-machine.ts'

/**
 * The interface to a breaker library. The circuit decides: its state machine is the policy. The breaker runs what was
 * admitted, and counts and reports it in its library's own way.
 */
export interface CircuitBreaker {
  /**
   * Asks the circuit for admission and, if it is granted, runs the attempt with {@link BreakerContext.run}. The
   * returned promise settles as {@link BreakerContext.run} does, or rejects with the refusal; never with an error of
   * the library.
   */
  execute<R>(attempt: Attempt<R>): Promise<R>
  /** The circuit changed its state; the library has to show the same state. */
  transitioned?(transition: CircuitTransition): void
  /**
   * A closed circuit was reset, or took over a closed state: earlier counts and attempts in flight no longer count. A
   * change of state means the same, but is reported by {@link CircuitBreaker.transitioned} alone.
   */
  forgot?(now: number): void
  /** No attempt follows. Stop timers and remove listeners here; attempts in flight may still settle. */
  dispose?(): void
}

/** What a circuit offers to its breaker. */
export interface BreakerContext {
  /** The service's name. */
  readonly name: string
  /** The policy by which the circuit decides; for libraries that display it. */
  readonly policy: ResolvedCircuitPolicy
  /** The clock by which the circuit decides; use it for the adapter's own statistics, too. */
  readonly clock: Clock
  /** Admits an attempt, or returns undefined. An admitted attempt must be run exactly once. */
  admit(attempt: Attempt<unknown>): Admission | undefined
  /** The error for an attempt that was not admitted; also notifies the attempt. */
  refuse(attempt: Attempt<unknown>): CircuitOpenError
  /**
   * Runs an admitted attempt under its deadline.
   * @param observer the admission itself, or something that forwards to it
   */
  run<R>(attempt: Attempt<R>, observer: AttemptObserver): Promise<R>
  /**
   * Opens the circuit if it is closed; for a library that decides by its own rules. See {@link BreakerFactory.decides}.
   */
  trip(now: number): void
}

/** Permission to run one attempt; it is notified of how the attempt ended. */
export interface Admission extends AttemptObserver {
  /** Counts the end of the attempt, unless the circuit has changed its state in the meantime. */
  settled(end: AttemptEnd, result: unknown, now: number, attempt: Attempt<unknown>): Outcome
  /** The second part of a trial begins, and its lease counts from `now`. */
  restarted(now: number): void
}

/**
 * Creates the breaker of one service. Applications pass it as the option `breaker`; adapters export functions that
 * return one.
 */
export interface BreakerFactory {
  /** Called once for each service. */
  (context: BreakerContext): CircuitBreaker
  /**
   * Whether its breakers open the circuit by their library's own rules ({@link BreakerContext.trip}). If so,
   * consecutive failures open it only if the policy sets a `failureThreshold`.
   * @defaultValue false
   */
  readonly decides?: boolean
}
