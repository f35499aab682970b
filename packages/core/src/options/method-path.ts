/** The metric name for calls of a service that is itself a function. */
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

/**
 * Whether it has methods, or objects that may have some. Examined one level deep, because types may refer to
 * themselves.
 */
export type IsNamespace<V> = V extends AnyFunction | Value
  ? false
  : V extends object
    ? [Extract<V[keyof V], object>] extends [never]
      ? false
      : true
    : false

/** How many names a path may have: types that refer to themselves have no end. */
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
 * The methods of a service by their names in metrics: `find`, `chat.completions.create`, at most five names deep;
 * `$self` for a service that is itself a function.
 */
export type MethodPath<T> = PathsIn<T, Levels> | (T extends AnyFunction ? '$self' : never)
