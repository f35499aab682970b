import type { Attempt, AttemptEnd, Outcome } from '../attempts/attempt.ts'
import type { Clock } from '../clock.ts'
import type { AttemptObserver } from '../attempts/deadline.ts'
import type { CircuitOpenError } from '../errors.ts'
import type { ResolvedCircuitPolicy } from './policy.ts'
import type { CircuitTransition } from './state-machine.ts'

/**
 * The port to a breaker library. The circuit decides (its state machine is the policy); the breaker has what was
 * admitted run, and counts and announces it in its library's own way.
 */
export interface CircuitBreaker {
  /**
   * Asks the circuit for admission and, if it is granted, has the attempt run by {@link BreakerContext.run}. What the
   * returned promise settles with is what {@link BreakerContext.run} settled with, or the refusal, never an error of the library.
   */
  execute<R>(attempt: Attempt<R>): Promise<R>
  /** The circuit changed its state; the library is to show the same. */
  transitioned?(transition: CircuitTransition): void
  /**
   * A closed circuit was reset, or took over a closed state: what was counted counts no more, nor does what is under way. A
   * change of state means the same, and is told by {@link CircuitBreaker.transitioned} alone.
   */
  forgot?(now: number): void
  /** No attempt follows. Timers and listeners end here; attempts under way may still settle. */
  dispose?(): void
}

/** What a circuit offers the breaker that executes for it. */
export interface BreakerContext {
  /** The service's name. */
  readonly name: string
  /** By what the circuit decides; for libraries that show it. */
  readonly policy: ResolvedCircuitPolicy
  /** The one that decides; an adapter's own statistics go by it. */
  readonly clock: Clock
  /** Admits an attempt, or undefined. A granted admission must be run, exactly once. */
  admit(attempt: Attempt<unknown>): Admission | undefined
  /** The error for an attempt that was not admitted; tells the attempt, too. */
  refuse(attempt: Attempt<unknown>): CircuitOpenError
  /**
   * Runs an admitted attempt under its deadline.
   * @param observer the admission itself, or something that passes on to it what it is told
   */
  run<R>(attempt: Attempt<R>, observer: AttemptObserver): Promise<R>
  /** Opens the circuit, if it is closed: for a library that decides by rules of its own. See {@link BreakerFactory.decides}. */
  trip(now: number): void
}

/** The circuit's leave to run one attempt, and the ear that learns how it ended. */
export interface Admission extends AttemptObserver {
  /** Counts the end of the attempt, unless the circuit has changed its state since. */
  settled(end: AttemptEnd, result: unknown, now: number, attempt: Attempt<unknown>): Outcome
  /** A trial goes on to its second part, and its lease counts from `now`. */
  restarted(now: number): void
}

/** Makes the breaker of one service. An app passes it in as `breaker`; adapters export functions that return one. */
export interface BreakerFactory {
  /** Called once for each service. */
  (context: BreakerContext): CircuitBreaker
  /**
   * Its breakers open the circuit by rules of their library's own ({@link BreakerContext.trip}): consecutive failures do not,
   * unless a policy asks for it.
   * @defaultValue false
   */
  readonly decides?: boolean
}
