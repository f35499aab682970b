import { InvalidOptionError } from './errors.ts'

const NAME = /^[A-Za-z][\w.:-]{0,99}$/

/**
 * Names become properties of `manager.services`, labels of metrics and parts of URLs. A name that would reach a
 * prototype or make an object thenable is rejected.
 * @throws {@link InvalidOptionError}
 */
export function checkServiceName(name: unknown): asserts name is string {
  if (typeof name === 'string' && NAME.test(name) && !(name in Object.prototype) && name !== 'then') return
  throw new InvalidOptionError(
    'name',
    "a letter followed by at most 99 letters, digits, '_', '.', ':' or '-', and neither 'then' nor a name every object has",
    name,
  )
}
