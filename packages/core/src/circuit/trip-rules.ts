import { CallWindow, TimeWindow } from './outcome-window.ts'
import type { OutcomeWindow } from './outcome-window.ts'
import type { ResolvedCircuitPolicy, ResolvedRate } from './policy.ts'

/** What a rule counts. */
export type RateKind = 'failure' | 'slow'

/** Where the window of a rule stands. */
export interface RateStatus {
  /** `failure`: of `failureRate`; `slow`: of `slowCalls`. */
  readonly kind: RateKind
  /** Calls in the window. */
  readonly calls: number
  /** Of these, the ones that failed, or were slow. */
  readonly bad: number
  /** `bad` of `calls`, 0 … 1; 0 without calls. */
  readonly ratio: number
  /** The ratio at which the circuit opens. */
  readonly threshold: number
  /** The circuit does not open with fewer calls in the window. */
  readonly minimumCalls: number
}

/**
 * A rule that may open a closed circuit, beside that of the consecutive failures: a part of the latest calls was bad. Only
 * a call that is bad itself opens it, so that what opened a circuit is what its last call says.
 */
class RateRule {
  readonly #kind: RateKind
  readonly #rate: ResolvedRate
  readonly #slowMs: number
  readonly #window: OutcomeWindow

  /** @param slowMs calls are bad from this duration on; undefined: when they fail */
  constructor(kind: RateKind, rate: ResolvedRate, slowMs = Infinity) {
    this.#kind = kind
    this.#rate = rate
    this.#slowMs = slowMs
    this.#window = 'windowCalls' in rate ? new CallWindow(rate.windowCalls) : new TimeWindow(rate.windowMs)
  }

  /** Counts a call that ended at `now`. True: the circuit is to open. */
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

/** All rules of a policy, their windows empty; undefined when it has none but the consecutive failures. */
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

  /** Every rule counts the call, whichever of them opens the circuit. */
  record(failed: boolean, durationMs: number, now: number): boolean {
    let trips = false
    for (const rule of this.#rules) if (rule.record(failed, durationMs, now)) trips = true
    return trips
  }

  statuses(now: number): RateStatus[] {
    return this.#rules.map((rule) => rule.status(now))
  }
}
