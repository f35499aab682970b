import type { Outcome } from '../attempts/attempt.ts'
import type { ResolvedCircuitPolicy } from './policy.ts'

/**
 * `closed`: normal. `open`: calls are rejected at once. `half_open`: a limited number of trial calls is admitted.
 * `isolated`: held open by an operator.
 */
export type CircuitState = 'closed' | 'open' | 'half_open' | 'isolated'

/** A change of state. */
export interface CircuitTransition {
  /** The state that it left. */
  readonly from: CircuitState
  /** The state that is in force now. */
  readonly to: CircuitState
  /** {@link Clock.now} at which it was decided. */
  readonly at: number
}

/** A circuit's state as it travels to another process or outlives this one: remaining time, not points in time. */
export interface CircuitSnapshot {
  /** Never `isolated`: an isolation belongs to the process in which somebody asked for it. */
  readonly state: 'closed' | 'open' | 'half_open'
  /** Consecutive failures while closed, else 0. */
  readonly failures: number
  /** Successful trials while half-open, else 0. */
  readonly successes: number
  /** How long the circuit stays open, in milliseconds; 0 unless open. */
  readonly remainingMs: number
}

/** The right to make one attempt. Its outcome counts only while the generation that granted it lasts. */
export interface Permit {
  /** Counts up with each change of state. */
  readonly generation: number
  /** When the machine stops waiting for a trial's outcome; infinite for a permit granted while closed. {@link CircuitStateMachine.renew} puts it off. */
  leaseEndsAt: number
}

/** A state's fields exist only in that state. */
type Phase =
  | { readonly state: 'closed'; failures: number; readonly permit: Permit }
  | { readonly state: 'open'; readonly until: number }
  | { readonly state: 'half_open'; successes: number; readonly trials: Set<Permit> }
  | { readonly state: 'isolated'; handles: number }

/** How long after its deadline a trial is given up for lost, in milliseconds. */
export const TRIAL_LEASE_MARGIN_MS = 1_000

/**
 * The policy as a pure state machine: no timer, no promise, no I/O; time is an argument. Every change of state starts a
 * new generation, and an outcome of an earlier one changes nothing.
 */
export class CircuitStateMachine {
  readonly #policy: ResolvedCircuitPolicy
  readonly #onTransition: (transition: CircuitTransition) => void
  #generation = 0
  #retired = false
  #phase: Phase = this.#closedPhase(0)

  /** @param onTransition called last in every change of state, so it may call back into the machine */
  constructor(policy: ResolvedCircuitPolicy, onTransition: (transition: CircuitTransition) => void) {
    this.#policy = policy
    this.#onTransition = onTransition
  }

  /** Whether it is closed, which no passing of time changes. */
  get isClosed(): boolean {
    return this.#phase.state === 'closed'
  }

  /** Ends it: what is under way changes nothing when it settles, and neither does time. */
  retire(): void {
    this.#generation++
    this.#retired = true
  }

  /** The state at `now`. Reading it is what makes an open circuit half-open: the clock decides, not a timer. */
  state(now: number): CircuitState {
    const phase = this.#phase
    if (this.#retired) return phase.state
    if (phase.state === 'open' && now >= phase.until) {
      this.#enter({ state: 'half_open', successes: 0, trials: new Set() }, now)
    } else if (phase.state === 'half_open') {
      for (const trial of phase.trials) {
        if (now >= trial.leaseEndsAt) {
          this.#open(now)
          break
        }
      }
    }
    return this.#phase.state
  }

  /** Consecutive failures while closed, else 0. */
  get failures(): number {
    return this.#phase.state === 'closed' ? this.#phase.failures : 0
  }

  /** A permit for one attempt, or undefined when the circuit does not admit it. */
  acquire(now: number): Permit | undefined {
    if (this.#phase.state !== 'closed') this.state(now)
    const phase = this.#phase
    // All attempts of a closed generation share one permit: nothing is allocated on the way of a healthy call.
    if (phase.state === 'closed') return phase.permit
    if (phase.state !== 'half_open' || phase.trials.size >= this.#policy.maxTrials) return undefined
    const trial: Permit = { generation: this.#generation, leaseEndsAt: this.#leaseEnd(now) }
    phase.trials.add(trial)
    return trial
  }

  /** A trial that has done its first part, the check of the instance, has the time of another for the second. */
  renew(permit: Permit, now: number): void {
    if (permit.leaseEndsAt !== Infinity) permit.leaseEndsAt = this.#leaseEnd(now)
  }

  /** How long until a call may be admitted: 0 when it would be now, undefined while isolated. In milliseconds. */
  retryAfterMs(now: number): number | undefined {
    this.state(now)
    const phase = this.#phase
    if (phase.state === 'isolated') return undefined
    if (phase.state === 'open') return Math.max(phase.until - now, 0)
    if (phase.state === 'closed' || phase.trials.size < this.#policy.maxTrials) return 0
    return Math.min(...[...phase.trials].map((trial) => trial.leaseEndsAt)) - now
  }

  /** Reports the outcome of the attempt that `permit` allowed. */
  settle(permit: Permit, outcome: Outcome, now: number): void {
    if (permit.generation !== this.#generation) return
    // A trial whose lease has ended has failed already, whoever notices first.
    if (this.#phase.state === 'half_open') this.state(now)
    const phase = this.#phase
    if (phase.state === 'closed') {
      if (outcome === 'success') phase.failures = 0
      else if (outcome === 'failure' && ++phase.failures >= this.#policy.failureThreshold) this.#open(now)
    } else if (phase.state === 'half_open' && phase.trials.delete(permit)) {
      if (outcome === 'success' && ++phase.successes >= this.#policy.successThreshold) this.#close(now)
      else if (outcome === 'failure') this.#open(now)
    }
  }

  /** Closes the circuit and forgets what it counted. An isolated circuit stays isolated. */
  reset(now: number): void {
    if (this.#phase.state !== 'isolated') this.#close(now)
  }

  /** Holds the circuit open until every handle was given to {@link CircuitStateMachine.release}. */
  isolate(now: number): void {
    this.state(now)
    if (this.#phase.state === 'isolated') this.#phase.handles++
    else this.#enter({ state: 'isolated', handles: 1 }, now)
  }

  /** Gives back one handle; with the last one the circuit closes. */
  release(now: number): void {
    if (this.#phase.state === 'isolated' && --this.#phase.handles === 0) this.#close(now)
  }

  /** The state, to be imported elsewhere. An isolation belongs to its handles and does not travel. */
  exportState(now: number): CircuitSnapshot {
    this.state(now)
    const phase = this.#phase
    if (phase.state === 'isolated') return { state: 'closed', failures: 0, successes: 0, remainingMs: 0 }
    return {
      state: phase.state,
      failures: phase.state === 'closed' ? phase.failures : 0,
      successes: phase.state === 'half_open' ? phase.successes : 0,
      remainingMs: phase.state === 'open' ? Math.max(phase.until - now, 0) : 0,
    }
  }

  /** Takes over a state: open with 10 s left elsewhere is open with 10 s left here. An isolated circuit stays isolated. */
  importState(snapshot: CircuitSnapshot, now: number): void {
    if (this.#phase.state === 'isolated') return
    if (snapshot.state === 'open') {
      this.#enter({ state: 'open', until: now + snapshot.remainingMs }, now)
    } else if (snapshot.state === 'half_open') {
      this.#enter({ state: 'half_open', successes: snapshot.successes, trials: new Set() }, now)
    } else {
      this.#close(now, snapshot.failures)
    }
  }

  #leaseEnd(now: number): number {
    return now + this.#policy.timeoutMs + TRIAL_LEASE_MARGIN_MS
  }

  #open(now: number): void {
    this.#enter({ state: 'open', until: now + this.#policy.recoveryTimeoutMs }, now)
  }

  #close(now: number, failures = 0): void {
    const from = this.#phase.state
    this.#generation++
    this.#phase = this.#closedPhase(failures)
    if (from !== 'closed') this.#onTransition({ from, to: 'closed', at: now })
  }

  #enter(phase: Exclude<Phase, { state: 'closed' }>, now: number): void {
    const from = this.#phase.state
    this.#generation++
    this.#phase = phase
    if (from !== phase.state) this.#onTransition({ from, to: phase.state, at: now })
  }

  #closedPhase(failures: number): Phase {
    return { state: 'closed', failures, permit: { generation: this.#generation, leaseEndsAt: Infinity } }
  }
}
