import type { BreakerFactory } from '@svcproxy/core'
import type { Attempt, BreakerContext, CircuitBreaker } from '@svcproxy/core/adapter'

/**
 * The circuit itself, without a breaker library: pass the result as `breaker`. It opens, admits and closes exactly as
 * every other breaker of svcproxy does, because the circuit's policy decides. What it lacks is a library's own events
 * and statistics.
 */
export function nativeBreaker(): BreakerFactory {
  return (context) => new NativeBreaker(context)
}

class NativeBreaker implements CircuitBreaker {
  readonly #context: BreakerContext

  constructor(context: BreakerContext) {
    this.#context = context
  }

  execute<R>(attempt: Attempt<R>): Promise<R> {
    const context = this.#context
    const admission = context.admit(attempt)
    return admission === undefined ? Promise.reject(context.refuse(attempt)) : context.run(attempt, admission)
  }
}
