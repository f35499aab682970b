import { InvalidOptionError } from '../errors.ts'

/**
 * Makes one judge of several, for `circuit.isFailure` of a service that answers in more than one way: an error is a failure only
 * if each of them says so. One that knows the fault as the caller's, by returning false, is enough. One that throws, or returns
 * anything else, says that it is a failure. The judge that is returned never throws; of no judges it is `() => true`.
 * @throws {@link InvalidOptionError} when one of them is no function
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
