import type { BreakerContext, CircuitBreaker } from '@svcproxy/core/adapter'

/**
 * The breaker port's least implementation: what the circuit decides, and no library at all. For tests that are about
 * something else, and for whoever writes an adapter and wants to see the whole of the port.
 */
export function plainBreaker(context: BreakerContext): CircuitBreaker {
  return {
    execute(attempt) {
      const admission = context.admit(attempt)
      return admission === undefined ? Promise.reject(context.refuse(attempt)) : context.run(attempt, admission)
    },
  }
}
