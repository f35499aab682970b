import { InvalidOptionError } from '@svcproxy/core'

/** The longest delay that a timer of Node.js supports, in milliseconds. */
const MAX_TIMER_MS = 2_147_483_647

/** @throws {@link InvalidOptionError} unless it is undefined, empty, or a path that can precede `/readyz` */
export function checkBasePath(basePath: unknown): void {
  if (basePath === undefined || (typeof basePath === 'string' && /^(\/[^/?#]+)*$/.test(basePath))) return
  throw new InvalidOptionError('basePath', "empty, or a path that starts with '/' and does not end with it", basePath)
}

/** @throws {@link InvalidOptionError} unless it is undefined or a duration that a timer supports */
export function checkTimeout(option: string, timeoutMs: unknown, min: 0 | 1 = 1): void {
  if (timeoutMs === undefined) return
  if (Number.isInteger(timeoutMs) && Number(timeoutMs) >= min && Number(timeoutMs) <= MAX_TIMER_MS) return
  throw new InvalidOptionError(option, `an integer in ${min} … 2 147 483 647`, timeoutMs)
}

/** @throws {@link InvalidOptionError} unless it is undefined or a function */
export function checkFunction(option: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw new InvalidOptionError(option, 'a function', value)
}

/** @throws {@link InvalidOptionError} unless it is one of `accepted` */
export function checkOneOf(option: string, accepted: readonly string[], value: unknown): void {
  if (accepted.some((name) => name === value)) return
  throw new InvalidOptionError(option, `one of ${accepted.map((name) => `'${name}'`).join(', ')}`, value)
}
