import { EventEmitter } from 'node:events'
import CircuitBreaker from 'opossum'

let refusing: CircuitBreaker | undefined

/**
 * The error opossum gives for a call it refuses. Only opossum can make it, for it bears the mark that `isOurError` looks
 * for: so there is one breaker that is open for good, and a call of it is refused.
 */
export function opossumRefusal(): unknown {
  refusing ??= openForGood()
  let refusal: unknown
  refusing.once('reject', (error: unknown) => (refusal = error))
  refusing.fire().catch(ignore)
  return refusal
}

function openForGood(): CircuitBreaker {
  // A controller of its own, and no snapshots: it has no timer.
  const breaker = new CircuitBreaker(ignore, { rotateBucketController: new EventEmitter(), enableSnapshots: false })
  // Nor does it count, or become half-open: opossum does both by listening to itself.
  breaker.removeAllListeners()
  breaker.open()
  return breaker
}

async function ignore(): Promise<void> {}
