import { InvalidOptionError, isRefusal, isSvcproxyError } from '../errors.ts'
import type { AttemptEnd, Outcome } from './attempt.ts'

/** What the end of an attempt says about the service. @param isFailure judges what its work rejected with */
export function outcomeOf(end: AttemptEnd, error: unknown, isFailure: (error: unknown) => boolean): Outcome {
  if (end === 'fulfilled') return 'success'
  if (end === 'timeout') return 'failure'
  if (end === 'aborted' || end === 'refused') return 'ignored'
  // A proxy that was asked for by the operation refused to try, or an option is wrong: nothing was learned about this service.
  if (isRefusal(error) || error instanceof InvalidOptionError) return 'ignored'
  try {
    // Not by truthiness: one that forgets to answer must not keep the circuit from ever opening.
    const verdict: unknown = isFailure(error)
    if (verdict !== false) return 'failure'
    // The service answered, though not what was wanted. An error of ours is no answer of the service.
    return isSvcproxyError(error) ? 'ignored' : 'success'
  } catch {
    return 'failure'
  }
}
