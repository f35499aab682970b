import type { BreakerContext, CircuitBreaker } from '@svcproxy/core/adapter'

/**
 * The smallest possible breaker: only the circuit's decisions, without a library. For tests about something else, and
 * as an example for authors of adapters.
 */
export function plainBreaker(context: BreakerContext): CircuitBreaker {
  return {
    execute(attempt) {
      const admission = context.admit(attempt)
      return admission === undefined ? Promise.reject(context.refuse(attempt)) : context.run(attempt, admission)
    },
  }
}
