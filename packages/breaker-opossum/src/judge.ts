import { EventEmitter } from 'node:events'
import type CircuitBreaker from 'opossum'
import type { DecisionOptions } from './decision-options.ts'
import { Opossum } from './opossum-class.ts'

/** What opossum's rule is applied to. */
export interface Evidence {
  /** The counts of the window, including the failure in question. */
  readonly counts: CircuitBreaker.Stats
  readonly warmUp: boolean
}

/**
 * opossum's own rule as a function. opossum applies it inside a failing call, and nowhere else. So this is an opossum
 * breaker whose calls fail at once, which uses the statistics of another breaker and reports whether it would open
 * instead of opening. One serves all breakers with the same options: it has no listeners, no timer and no state.
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
      // Without one, opossum would start a timer.
      rotateBucketController: new EventEmitter(),
    })
    // opossum counts with listeners on itself, and this one has nothing to count.
    this.removeAllListeners()
  }

  /** Whether opossum would open because of a failure that has just been counted. */
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

const FAILURE = new Error('A failing call, to make opossum read its statistics')

function failAtOnce(): never {
  throw FAILURE
}

function ignore(): void {}
