import { InvalidOptionError } from '../errors.ts'

/**
 * Combines several `isFailure` functions into one, for a service whose errors come from more than one library. An error
 * is a failure only if all of them say so: one that returns false, because the fault is the caller's, is enough. One
 * that throws, or returns anything else, says that it is a failure. The combined function never throws; without
 * arguments it is `() => true`.
 * @throws {@link InvalidOptionError} when one of them is not a function
 */
export function combinedFailure(...judges: readonly ((error: unknown) => boolean)[]): (error: unknown) => boolean {
  for (const [index, judge] of judges.entries()) {
    if (typeof judge !== 'function') throw new InvalidOptionError(`judges[${index}]`, 'a function', judge)
  }
  return (error) => judges.every((judge) => saysFailure(judge, error))
}

function saysFailure(judge: (error: unknown) => unknown, error: unknown): boolean {
  try {
    return judge(error) !== false
  } catch {
    return true
  }
}
