import { CallWindow, TimeWindow } from './outcome-window.ts'
import type { OutcomeWindow } from './outcome-window.ts'
import type { ResolvedCircuitPolicy, ResolvedRate } from './policy.ts'

/** What a rule counts as bad. */
export type RateKind = 'failure' | 'slow'

/** The current state of a rule's rolling window. */
export interface RateStatus {
  /** `failure` for `failureRate`, `slow` for `slowCalls`. */
  readonly kind: RateKind
  /** Calls in the window. */
  readonly calls: number
  /** How many of them failed, or were slow. */
  readonly bad: number
  /** `bad` divided by `calls`, 0 … 1; 0 without calls. */
  readonly ratio: number
  /** The ratio at which the circuit opens. */
  readonly threshold: number
  /** The circuit does not open while the window has fewer calls. */
  readonly minimumCalls: number
}

/**
 * A rule that opens a closed circuit when a share of the latest calls was bad, besides the rule of consecutive
 * failures. Only a bad call can open it, so that the last call explains the opening.
 */
class RateRule {
  readonly #kind: RateKind
  readonly #rate: ResolvedRate
  readonly #slowMs: number
  readonly #window: OutcomeWindow

  /** @param slowMs the duration from which a call is bad; without it, calls are bad that fail */
  constructor(kind: RateKind, rate: ResolvedRate, slowMs = Infinity) {
    this.#kind = kind
    this.#rate = rate
    this.#slowMs = slowMs
    this.#window = 'windowCalls' in rate ? new CallWindow(rate.windowCalls) : new TimeWindow(rate.windowMs)
  }

  /** Counts a call that ended at `now`. Returns true if the circuit has to open. */
  record(failed: boolean, durationMs: number, now: number): boolean {
    const isBad = this.#kind === 'failure' ? failed : durationMs >= this.#slowMs
    const window = this.#window
    window.add(isBad, now)
    const { minimumCalls, ratio } = this.#rate
    return isBad && window.calls >= minimumCalls && window.bad / window.calls >= ratio
  }

  status(now: number): RateStatus {
    const { calls, bad } = this.#current(now)
    const { ratio: threshold, minimumCalls } = this.#rate
    return { kind: this.#kind, calls, bad, ratio: calls === 0 ? 0 : bad / calls, threshold, minimumCalls }
  }

  #current(now: number): OutcomeWindow {
    this.#window.moveTo(now)
    return this.#window
  }
}

/** All rules of a policy, with empty windows; undefined if it only has the consecutive failures. */
export class TripRules {
  readonly #rules: readonly RateRule[]

  private constructor(rules: readonly RateRule[]) {
    this.#rules = rules
  }

  static of({ failureRate, slowCalls }: ResolvedCircuitPolicy): TripRules | undefined {
    const rules: RateRule[] = []
    if (failureRate !== undefined) rules.push(new RateRule('failure', failureRate))
    if (slowCalls !== undefined) rules.push(new RateRule('slow', slowCalls, slowCalls.thresholdMs))
    return rules.length === 0 ? undefined : new TripRules(rules)
  }

  /** Every rule counts the call, even if another one opens the circuit. */
  record(failed: boolean, durationMs: number, now: number): boolean {
    let trips = false
    for (const rule of this.#rules) if (rule.record(failed, durationMs, now)) trips = true
    return trips
  }

  statuses(now: number): RateStatus[] {
    return this.#rules.map((rule) => rule.status(now))
  }
}
