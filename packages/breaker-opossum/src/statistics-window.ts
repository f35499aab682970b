import type CircuitBreaker from 'opossum'

/** Where opossum counts the calls of one breaker, and what rotates it. */
export interface StatisticsWindow {
  /** opossum's options for the window, including those for its decision. */
  readonly options: CircuitBreaker.Options
  /** Whether failures do not open the circuit yet. */
  readonly warmUp: boolean
  /** Something is about to be counted. */
  fill(): void
  /** Nothing is counted any more. */
  end(): void
}
