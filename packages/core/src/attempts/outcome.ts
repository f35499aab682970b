import { InvalidOptionError, isRefusal, isSvcproxyError } from '../errors.ts'
import type { AttemptEnd, Outcome } from './attempt.ts'

/** What the end of an attempt says about the service. @param isFailure judges the error of a rejected operation */
export function outcomeOf(end: AttemptEnd, error: unknown, isFailure: (error: unknown) => boolean): Outcome {
  if (end === 'fulfilled') return 'success'
  if (end === 'timeout') return 'failure'
  if (end === 'aborted' || end === 'refused') return 'ignored'
  // Another proxy that the operation used rejected the call, or an option is wrong: nothing was learned about this
  // service.
  if (isRefusal(error) || error instanceof InvalidOptionError) return 'ignored'
  try {
    // Compared with false, not by truthiness: a function that forgets to return must not keep the circuit closed for
    // ever.
    const verdict: unknown = isFailure(error)
    if (verdict !== false) return 'failure'
    // The service answered, though not as expected. An error of this library is not an answer of the service.
    return isSvcproxyError(error) ? 'ignored' : 'success'
  } catch {
    return 'failure'
  }
}
