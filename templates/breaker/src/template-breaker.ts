// What is marked CHANGE is about the library. All else is the same in every breaker.
import { inspect } from 'node:util'
import type { BreakerFactory } from '@svcproxy/core'
import type {
  Admission,
  Attempt,
  AttemptEnd,
  AttemptObserver,
  BreakerContext,
  CircuitBreaker,
  CircuitTransition,
  Outcome,
} from '@svcproxy/core/adapter'
import { TemplateCircuit } from './library.ts'

/** A {@link BreakerFactory} that shows the circuits of Template that it made. */
export interface TemplateBreakerFactory extends BreakerFactory {
  /** By service name, from the making of a proxy until it is stopped: for their events and counts. */
  readonly circuits: ReadonlyMap<string, TemplateCircuit>
}

/**
 * Shows the circuit of a service as one of Template: pass what it returns as `breaker`. Template counts the calls and emits
 * its events; the proxy's `circuit` decides, and runs the calls. One call of it serves a whole application.
 */
export function templateBreaker(): TemplateBreakerFactory {
  const circuits = new Map<string, TemplateCircuit>()
  const create: BreakerFactory = (context) => new MirroringBreaker(context, circuits)
  return Object.assign(create, { circuits })
}

class MirroringBreaker implements CircuitBreaker {
  readonly #context: BreakerContext
  readonly #circuits: Map<string, TemplateCircuit>
  readonly #shown: TemplateCircuit
  #hasWarned = false

  constructor(context: BreakerContext, circuits: Map<string, TemplateCircuit>) {
    this.#context = context
    this.#circuits = circuits
    // CHANGE (making): the library's own policy and its timers off. An application may have ten thousand idle services:
    // where one of the library's circuits is large, make it with the first call.
    this.#shown = new TemplateCircuit(context.name)
    circuits.set(context.name, this.#shown)
  }

  execute<R>(attempt: Attempt<R>): Promise<R> {
    const context = this.#context
    const admission = context.admit(attempt)
    if (admission !== undefined) return context.run(attempt, new ShownAttempt(admission, this))
    // CHANGE (refusals)
    this.show((shown) => shown.refused())
    return Promise.reject(context.refuse(attempt))
  }

  // CHANGE (states): what the library calls them. An isolated circuit is an open one for most.
  transitioned({ to }: CircuitTransition): void {
    this.show((shown) => shown.show(to))
  }

  // CHANGE (end): the library's timers and listeners end here.
  dispose(): void {
    const { name } = this.#context
    // A proxy that was made again under the same name may have come before the end of the old one.
    if (this.#circuits.get(name) === this.#shown) this.#circuits.delete(name)
  }

  /** Tells the library. One of its listeners that throws changes nothing here; the first one is reported. */
  show(tell: (shown: TemplateCircuit) => void): void {
    try {
      tell(this.#shown)
    } catch (error) {
      if (this.#hasWarned) return
      this.#hasWarned = true
      process.emitWarning(`A listener of the circuit '${this.#context.name}' threw`, {
        type: 'SvcproxyListenerWarning',
        detail: inspect(error),
      })
    }
  }
}

/** Shows the library how an attempt ended, after the circuit was told. */
class ShownAttempt implements AttemptObserver {
  readonly #admission: Admission
  readonly #breaker: MirroringBreaker

  constructor(admission: Admission, breaker: MirroringBreaker) {
    this.#admission = admission
    this.#breaker = breaker
  }

  settled(end: AttemptEnd, result: unknown, now: number, attempt: Attempt<unknown>): Outcome {
    const outcome = this.#admission.settled(end, result, now, attempt)
    const latencyMs = now - attempt.startedAt
    // CHANGE (ends): an attempt is `fulfilled`, `rejected`, past its deadline (`timeout`) or `aborted` by its caller, and the
    // outcome says what that means: 'success', 'failure', or 'ignored' for what says nothing about the service.
    if (outcome === 'failure') this.#breaker.show((shown) => shown.failed(result, latencyMs))
    else if (outcome === 'success') this.#breaker.show((shown) => shown.succeeded(latencyMs))
    return outcome
  }

  restarted(now: number): void {
    this.#admission.restarted(now)
  }
}
