/** Checks whether a value from outside is a `T`, as far as it is used. */
export type Shape<T> = (value: unknown) => value is T

export const isText: Shape<string> = (value) => typeof value === 'string'
export const isNumber: Shape<number> = (value) => typeof value === 'number'
export const isFlag: Shape<boolean> = (value) => typeof value === 'boolean'
export const isAnything: Shape<unknown> = (_value): _value is unknown => true

export function oneOf<T extends string | number>(...values: readonly T[]): Shape<T> {
  return (value): value is T => values.some((each) => each === value)
}

export function orNull<T>(shape: Shape<T>): Shape<T | null> {
  return (value): value is T | null => value === null || shape(value)
}

/** For values that a server of an earlier version does not send. */
export function orAbsent<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value): value is T | undefined => value === undefined || shape(value)
}

export function listOf<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value): value is readonly T[] => Array.isArray(value) && value.every((each) => shape(each))
}

export function recordOf<T>(shape: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return (value): value is Readonly<Record<string, T>> =>
    isRecord(value) && Object.values(value).every((each) => shape(each))
}

/** An object with these members, and possibly more. */
export function objectOf<T extends object>(members: { readonly [K in keyof T]-?: Shape<T[K]> }): Shape<T> {
  return (value): value is T => {
    if (!isRecord(value)) return false
    for (const name in members) if (!members[name](value[name])) return false
    return true
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
