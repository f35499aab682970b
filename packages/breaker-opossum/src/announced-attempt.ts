import type { Admission, Attempt, AttemptEnd, AttemptObserver, Outcome } from '@svcproxy/core/adapter'

/** What emits opossum's events for a call. */
export interface Announcer {
  /** Emits an event that opossum counts. */
  announce(event: string, ...args: unknown[]): void
  /** What `announce` announces comes before the changes of state that it brings. */
  beforeChanges<T>(announce: () => T): T
}

/**
 * Has opossum announce the start and the end of an admitted attempt, and passes the end on to the circuit. It is also
 * what opossum's events carry as the argument of the call: listeners receive it, so its fields are private.
 */
export class AnnouncedAttempt implements AttemptObserver {
  readonly #announcer: Announcer
  readonly #admission: Admission
  readonly #startedAt: number
  readonly #args: readonly [AnnouncedAttempt] = [this]

  constructor(announcer: Announcer, admission: Admission, startedAt: number) {
    this.#announcer = announcer
    this.#admission = admission
    this.#startedAt = startedAt
  }

  announceStart(): void {
    this.#announcer.announce('fire', this.#args)
  }

  settled(end: AttemptEnd, result: unknown, now: number, attempt: Attempt<unknown>): Outcome {
    // opossum emits 'close' before its users hear of the success that closed it, and 'open' after the failure.
    if (end === 'fulfilled') return this.#count(end, result, now, attempt)
    return this.#announcer.beforeChanges(() => this.#count(end, result, now, attempt))
  }

  restarted(now: number): void {
    this.#admission.restarted(now)
  }

  #count(end: AttemptEnd, result: unknown, now: number, attempt: Attempt<unknown>): Outcome {
    const outcome = this.#admission.settled(end, result, now, attempt)
    // opossum's latencies are differences of Date.now().
    const latencyMs = Math.round(now - this.#startedAt)
    if (end === 'timeout') this.#announcer.announce('timeout', result, latencyMs, this.#args)
    if (outcome === 'failure') this.#announcer.announce('failure', result, latencyMs, this.#args)
    // An error that says nothing about the service is what opossum calls a filtered one, and a success for it.
    else this.#announcer.announce('success', result, latencyMs)
    return outcome
  }
}
