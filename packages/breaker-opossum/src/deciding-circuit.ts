import type { BreakerContext, CircuitTransition } from '@svcproxy/core/adapter'
import type { Announcer } from './announced-attempt.ts'
import { ClockedWindow } from './clocked-window.ts'
import type { DecisionOptions } from './decision-options.ts'
import type { Judge } from './judge.ts'
import { LazyCircuit } from './lazy-circuit.ts'

/** opossum's options and its rule for them, shared by all breakers of a factory. */
export interface Decision {
  readonly options: DecisionOptions
  readonly judge: Judge
}

/**
 * opossum decides when the circuit opens: after each failure that a closed circuit counts, its rule is applied to its
 * window. Everything else is decided by the circuit. The window holds the calls of one generation: it is emptied by a
 * close and by a reset, and calls that were admitted earlier are announced but not counted.
 */
export class DecidingCircuit extends LazyCircuit {
  readonly #decision: Decision
  readonly #madeAt: number
  #window: ClockedWindow | undefined
  #generation: Announcer | undefined

  constructor(context: BreakerContext, decision: Decision, onDispose: (circuit: LazyCircuit) => void) {
    super(context, onDispose)
    this.#decision = decision
    this.#madeAt = context.clock.now()
  }

  protected override makeWindow(): ClockedWindow {
    this.#window = new ClockedWindow(this.#decision.options, this.context.clock, this.#madeAt)
    return this.#window
  }

  protected override get announcer(): Announcer {
    this.#generation ??= this.#makeGeneration()
    return this.#generation
  }

  /** A call that the ramp after closing rejects never reached the service, so it must not lower the failure rate. */
  protected override announceRefusal(): void {
    const { opossum } = this
    if (this.state === 'closed') this.#window?.skip()
    opossum.announceRefusal()
  }

  override transitioned(transition: CircuitTransition): void {
    if (transition.to === 'closed') this.#startOver(transition.at)
    super.transitioned(transition)
  }

  forgot(now: number): void {
    this.#startOver(now)
  }

  #startOver(now: number): void {
    this.#window?.empty(now)
    this.#generation = undefined
  }

  #makeGeneration(): Announcer {
    const { opossum } = this
    const generation: Announcer = {
      announce: (event, ...args) => {
        if (this.#generation !== generation) this.#window?.skip()
        opossum.announce(event, ...args)
        if (event === 'failure' && this.#generation === generation) this.#decide()
      },
      beforeChanges: (announce) => opossum.beforeChanges(announce),
    }
    return generation
  }

  #decide(): void {
    if (this.state !== 'closed' || this.#window === undefined) return
    if (this.#decision.judge.wouldOpen(this.#window)) this.context.trip(this.context.clock.now())
  }
}
