import type { BreakerContext, CircuitTransition } from '@svcproxy/core/adapter'
import type { Announcer } from './announced-attempt.ts'
import { ClockedWindow } from './clocked-window.ts'
import type { DecisionOptions } from './decision-options.ts'
import type { Judge } from './judge.ts'
import { LazyCircuit } from './lazy-circuit.ts'

/** opossum's options and its rule by them: the same for all breakers of a factory. */
export interface Decision {
  readonly options: DecisionOptions
  readonly judge: Judge
}

/**
 * opossum opens the circuit: after each failure that a closed circuit counts, its rule is applied to its window. All else is
 * the circuit's. The window holds the calls of one generation: it is empty after a close and after a reset, and what was
 * admitted before is announced and not counted.
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

  /** One that the ramp after a close refuses was no call of the service, so it must not make its failures look fewer. */
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
