/** What a service that is called itself is counted under. */
export const SERVICE_ITSELF = '$self'

/** Anything that can be called. */
export type AnyFunction = (...args: never) => unknown

/** Values, though they have methods. */
type Value =
  | readonly unknown[]
  | PromiseLike<unknown>
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | ArrayBufferView
  | ArrayBuffer
  | Date
  | RegExp
  | Error

/** Whether it holds methods, or objects that may hold some. Looked at one level deep: types may refer to themselves. */
export type IsNamespace<V> = V extends AnyFunction | Value
  ? false
  : V extends object
    ? [Extract<V[keyof V], object>] extends [never]
      ? false
      : true
    : false

/** How many names a path may have: types may refer to themselves, and then have no end. */
type Levels = readonly [1, 2, 3, 4, 5]

type PathsIn<T, Left extends readonly unknown[]> = Left extends readonly [unknown, ...infer Fewer]
  ? {
      [K in keyof T & string]: NonNullable<T[K]> extends AnyFunction
        ? K
        : IsNamespace<NonNullable<T[K]>> extends true
          ? `${K}.${PathsIn<NonNullable<T[K]>, Fewer>}`
          : never
    }[keyof T & string]
  : never

/**
 * The methods of a service by the names that they have in metrics: `find`, `chat.completions.create`, five names deep at the
 * most; `$self` for a service that is called itself.
 */
export type MethodPath<T> = PathsIn<T, Levels> | (T extends AnyFunction ? '$self' : never)
