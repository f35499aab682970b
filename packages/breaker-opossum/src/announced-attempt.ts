import type { Admission, AttemptEnd, AttemptObserver, Outcome } from '@svcproxy/core/adapter'
import type { MirroredCircuit } from './mirrored-circuit.ts'

/**
 * Has opossum announce the start and the end of an admitted attempt, and passes the end on to the circuit. It is also
 * what opossum's events carry as the argument of the call: listeners receive it, so its fields are private.
 */
export class AnnouncedAttempt implements AttemptObserver {
  readonly #opossum: MirroredCircuit
  readonly #admission: Admission
  readonly #startedAt: number
  readonly #args: readonly [AnnouncedAttempt] = [this]

  constructor(opossum: MirroredCircuit, admission: Admission, startedAt: number) {
    this.#opossum = opossum
    this.#admission = admission
    this.#startedAt = startedAt
  }

  announceStart(): void {
    this.#opossum.announce('fire', this.#args)
  }

  settled(end: AttemptEnd, result: unknown, now: number): Outcome {
    // opossum emits 'close' before its users hear of the success that closed it, and 'open' after the failure.
    if (end === 'fulfilled') return this.#count(end, result, now)
    return this.#opossum.beforeChanges(() => this.#count(end, result, now))
  }

  restarted(now: number): void {
    this.#admission.restarted(now)
  }

  #count(end: AttemptEnd, result: unknown, now: number): Outcome {
    const outcome = this.#admission.settled(end, result, now)
    // opossum's latencies are differences of Date.now().
    const latencyMs = Math.round(now - this.#startedAt)
    if (end === 'timeout') this.#opossum.announce('timeout', result, latencyMs, this.#args)
    if (outcome === 'failure') this.#opossum.announce('failure', result, latencyMs, this.#args)
    // An error that says nothing about the service is what opossum calls a filtered one, and a success for it.
    else this.#opossum.announce('success', result, latencyMs)
    return outcome
  }
}
