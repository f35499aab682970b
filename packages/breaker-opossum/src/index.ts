export type { OpossumDecisionOptions } from './decision-options.ts'
export { opossumBreaker, type OpossumBreakerFactory } from './opossum-breaker.ts'
