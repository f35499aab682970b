// The peers' circuit breakers, as their own documentation makes them, with limits that the scenarios do not reach.
import type CircuitBreaker from 'opossum'

const RECOVERY_MS = 3_600_000

/** An opossum breaker over `action`, with opossum's defaults but for `options`. */
export async function opossum<A extends unknown[], R>(
  action: (...args: A) => Promise<R>,
  options: CircuitBreaker.Options,
): Promise<CircuitBreaker<A, R>> {
  const { default: Breaker } = await import('opossum')
  return new Breaker(action, { resetTimeout: RECOVERY_MS, ...options })
}

/** Options with which an opossum breaker stays closed, whatever fails. */
export const NEVER_OPEN: CircuitBreaker.Options = { errorThresholdPercentage: 100, volumeThreshold: 1e9 }

/** What cockatiel's policies have in common. */
interface CockatielPolicy {
  execute<R>(operation: () => Promise<R>): Promise<R>
}

/** cockatiel's consecutive breaker, with a timeout of `timeoutMs` inside it if one is given. */
export async function cockatiel(failureThreshold: number, timeoutMs?: number): Promise<CockatielPolicy> {
  const { circuitBreaker, ConsecutiveBreaker, handleAll, timeout, TimeoutStrategy, wrap } = await import('cockatiel')
  const breaker = circuitBreaker(handleAll, {
    halfOpenAfter: RECOVERY_MS,
    breaker: new ConsecutiveBreaker(failureThreshold),
  })
  return timeoutMs === undefined ? breaker : wrap(breaker, timeout(timeoutMs, TimeoutStrategy.Aggressive))
}

/** mollitia's sliding count breaker around its timeout module. */
export async function mollitia<A extends unknown[], R>(
  func: (...args: A) => Promise<R>,
  timeoutMs: number,
  failureRateThreshold: number,
): Promise<{ execute(...args: A): Promise<R> }> {
  const { Circuit, SlidingCountBreaker, Timeout } = await import('mollitia')
  const breaker = new SlidingCountBreaker({ openStateDelay: RECOVERY_MS, failureRateThreshold })
  return new Circuit({ func, options: { modules: [breaker, new Timeout({ delay: timeoutMs })] } })
}
