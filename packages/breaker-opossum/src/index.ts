export { opossumBreaker, type OpossumBreakerFactory } from './opossum-breaker.ts'
