import { isSvcproxyError } from '../errors.ts'
import { isObject } from '../is-object.ts'

/**
 * What a rule says about one object of an error: a failure of the service, the caller's fault, or nothing (undefined).
 */
export type Rule = (found: object) => boolean | undefined

/** How many objects are examined: more than any error wraps, and an end for circular references. */
const LIMIT = 16

/**
 * The verdict of the first rule that has one about any part of the error; if it has several, that about the nearest
 * part. An error without a verdict is a failure. So is an error that contains one of this library: the service did not
 * answer. Never throws.
 * @param links the properties that lead from an error to the errors it was made from
 */
export function judged(error: unknown, links: readonly string[], rules: readonly Rule[]): boolean {
  const found = partsOf(error, links)
  if (found.some(isOfThisLibrary)) return true
  for (const rule of rules) {
    for (const part of found) {
      const isFailure = rule(part)
      if (isFailure !== undefined) return isFailure
    }
  }
  return true
}

/** Reads a property, own or inherited; undefined if `value` has no properties, or a getter or a proxy throws. */
export function read(value: unknown, key: string): unknown {
  if (!isObject(value)) return undefined
  try {
    return Reflect.get(value, key)
  } catch {
    return undefined
  }
}

/** The error and all that it was made from, the nearest first. */
function partsOf(error: unknown, links: readonly string[]): readonly object[] {
  const parts: object[] = []
  const ahead = [error]
  for (const next of ahead) {
    if (!isObject(next) || parts.includes(next)) continue
    parts.push(next)
    if (parts.length === LIMIT) break
    ahead.push(...links.map((link) => read(next, link)))
  }
  return parts
}

function isOfThisLibrary(part: object): boolean {
  try {
    return isSvcproxyError(part)
  } catch {
    return false
  }
}
