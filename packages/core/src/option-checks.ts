import { InvalidOptionError } from './errors.ts'

/** The numbers an option accepts. */
export interface NumberBounds {
  readonly min: number
  readonly max: number
  readonly integer?: boolean
}

/**
 * Returns `value`, or `defaultValue` when it is undefined. An explicit 0 stays 0.
 * @throws {@link InvalidOptionError} when it is no number or out of bounds
 */
export function numberOption(option: string, value: unknown, bounds: NumberBounds, defaultValue: number): number {
  return value === undefined ? defaultValue : requiredNumber(option, value, bounds)
}

/** {@link numberOption} without a default. @throws {@link InvalidOptionError} also when it is undefined */
export function requiredNumber(option: string, value: unknown, bounds: NumberBounds): number {
  const { min, max, integer = false } = bounds
  const accepted = typeof value === 'number' && value >= min && value <= max && (!integer || Number.isInteger(value))
  if (!accepted)
    throw new InvalidOptionError(option, `${integer ? 'an integer' : 'a number'} in ${min} … ${max}`, value)
  return value
}

/** @throws {@link InvalidOptionError} when it is neither undefined nor a boolean */
export function booleanOption(option: string, value: unknown, defaultValue: boolean): boolean {
  if (value === undefined) return defaultValue
  if (typeof value !== 'boolean') throw new InvalidOptionError(option, 'a boolean', value)
  return value
}

/** @throws {@link InvalidOptionError} when it is neither undefined nor one of `accepted` */
export function oneOfOption<const V extends string>(
  option: string,
  value: unknown,
  accepted: readonly V[],
  defaultValue: V,
): V {
  if (value === undefined) return defaultValue
  const found = accepted.find((one) => one === value)
  if (found === undefined) {
    throw new InvalidOptionError(option, accepted.map((one) => `'${one}'`).join(' or '), value)
  }
  return found
}

/** @throws {@link InvalidOptionError} when it is neither undefined nor a function */
export function checkFunctionOption(option: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw new InvalidOptionError(option, 'a function', value)
}

/**
 * A misspelt option is an error; it does not silently keep its default.
 * @throws {@link InvalidOptionError} when `options` is not an object, or has a key that is not `known`
 */
export function checkOptionNames(what: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new InvalidOptionError(what, 'an object', options)
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw new InvalidOptionError(what, `an object with only ${known.join(', ')}`, key)
  }
}
