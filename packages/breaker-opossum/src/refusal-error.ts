import { EventEmitter } from 'node:events'
import CircuitBreaker from 'opossum'

let refusing: CircuitBreaker | undefined

/**
 * The error that opossum creates for a rejected call. Only opossum can create it, because it carries the mark that
 * `isOurError` looks for. So there is one breaker that is always open, and a call of it is rejected.
 */
export function opossumRefusal(): unknown {
  refusing ??= openForGood()
  let refusal: unknown
  refusing.once('reject', (error: unknown) => (refusal = error))
  refusing.fire().catch(ignore)
  return refusal
}

function openForGood(): CircuitBreaker {
  // With its own controller and without snapshots it has no timer.
  const breaker = new CircuitBreaker(ignore, { rotateBucketController: new EventEmitter(), enableSnapshots: false })
  // It neither counts nor becomes half-open: opossum does both with listeners on itself.
  breaker.removeAllListeners()
  breaker.open()
  return breaker
}

async function ignore(): Promise<void> {}
