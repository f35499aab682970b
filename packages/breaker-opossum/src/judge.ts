import { EventEmitter } from 'node:events'
import type CircuitBreaker from 'opossum'
import type { DecisionOptions } from './decision-options.ts'
import { Opossum } from './opossum-class.ts'

/** What opossum's rule is about. */
export interface Evidence {
  /** The counts of the window, the failure in question among them. */
  readonly counts: CircuitBreaker.Stats
  readonly warmUp: boolean
}

/**
 * opossum's own rule, to be asked. opossum applies it inside of a call that fails, and nowhere else; so this is a breaker of
 * opossum whose calls fail at once, that takes the statistics of another breaker for its own, and says whether it would
 * open in place of doing it. One serves all breakers with the same options: it has no listeners, no timer and no state.
 */
export class Judge extends Opossum {
  #evidence: Evidence | undefined
  #opens = false

  constructor({ errorThresholdPercentage, volumeThreshold }: DecisionOptions) {
    super(failAtOnce, {
      errorThresholdPercentage,
      volumeThreshold,
      timeout: false,
      enableSnapshots: false,
      // Without one opossum would have a timer.
      rotateBucketController: new EventEmitter(),
    })
    // It counts by listening to itself, and this one has nothing to count.
    this.removeAllListeners()
  }

  /** Whether opossum would open at a failure that was counted just now. */
  wouldOpen(evidence: Evidence): boolean {
    this.#evidence = evidence
    this.#opens = false
    this.fire().catch(ignore)
    this.#evidence = undefined
    return this.#opens
  }

  override get stats(): CircuitBreaker.Stats {
    return this.#evidence?.counts ?? super.stats
  }

  override get warmUp(): boolean {
    return this.#evidence?.warmUp ?? super.warmUp
  }

  override open(): void {
    this.#opens = true
  }
}

const FAILURE = new Error('A call that fails, for opossum to look at its statistics')

function failAtOnce(): never {
  throw FAILURE
}

function ignore(): void {}
