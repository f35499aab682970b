import type { Admission, Attempt, AttemptEnd, AttemptObserver, Outcome } from '@svcproxy/core/adapter'

/** Emits opossum's events for a call. */
export interface Announcer {
  /** Emits an event that opossum counts. */
  announce(event: string, ...args: unknown[]): void
  /** Runs `announce`; its events come before the state changes that they cause. */
  beforeChanges<T>(announce: () => T): T
}

/**
 * Makes opossum emit events for the start and the end of an admitted attempt, and passes the end on to the circuit. It
 * is also the argument of the call in opossum's events: listeners receive it, so its fields are private.
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
    // opossum emits 'close' before 'success' for the call that closed it, and 'open' after 'failure'.
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
    // An error that says nothing about the service: opossum calls it filtered, and counts it as a success.
    else this.#announcer.announce('success', result, latencyMs)
    return outcome
  }
}
