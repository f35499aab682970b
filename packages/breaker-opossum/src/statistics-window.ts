import type CircuitBreaker from 'opossum'

/** Where opossum counts the calls of one breaker, and what turns it. */
export interface StatisticsWindow {
  /** opossum's options for it, those that its decision takes included. */
  readonly options: CircuitBreaker.Options
  /** Whether no failure opens the circuit yet. */
  readonly warmUp: boolean
  /** Something is about to be counted. */
  fill(): void
  /** Nothing is counted any more. */
  end(): void
}
