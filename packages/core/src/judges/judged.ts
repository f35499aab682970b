import { isSvcproxyError } from '../errors.ts'
import { isObject } from '../is-object.ts'

/** What one object of an error says: a failure of the service, the caller's fault, or undefined: nothing. */
export type Rule = (found: object) => boolean | undefined

/** How many objects are looked at: more than wrap an error, and an end for those that lead in a circle. */
const LIMIT = 16

/**
 * What the first rule says that has something to say, of the nearest object that it says it of. An error that no rule knows is
 * a failure, and so is one that an error of this library is part of: nobody answered. Never throws.
 * @param links the properties that lead from an error to what it was made of
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

/** A property, its own or inherited; undefined also of what has no properties, and where a getter or a proxy throws. */
export function read(value: unknown, key: string): unknown {
  if (!isObject(value)) return undefined
  try {
    return Reflect.get(value, key)
  } catch {
    return undefined
  }
}

/** The error and all it was made of, the nearest first. */
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
