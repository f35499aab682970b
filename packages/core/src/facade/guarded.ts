import type { AnyFunction, IsNamespace } from '../options/method-path.ts'

/**
 * Names that promises, JSON and the language itself look up on any object to find out what it is: the facade has no
 * methods with these names.
 */
type Unoffered =
  | 'then'
  | 'toJSON'
  | 'constructor'
  | 'toString'
  | 'toLocaleString'
  | 'valueOf'
  | 'hasOwnProperty'
  | 'isPrototypeOf'
  | 'propertyIsEnumerable'
  | Extract<SymbolConstructor[keyof SymbolConstructor], symbol>

/** Below the service itself every name stands for a function, which has these members itself. */
type UnofferedBelow = Unoffered | 'call' | 'apply' | 'bind'

/**
 * Stands in for a method that returns a builder: an object that further calls finish and that runs when it is awaited.
 * Only its caller knows when it is finished, so begin and finish it inside one call:
 * `proxy.call((service) => service.find().limit(3))`.
 */
export interface FinishBuildersInProxyCall {
  /** Never present. It keeps functions from being assignable to this type. */
  readonly finishBuildersInProxyCall: never
}

/**
 * A method of a service as the facade offers it: the same method, returning a promise. If any of its overloads returns
 * a promise, the method keeps its own type, with all overloads and type parameters.
 */
export type GuardedMethod<M> = M extends (...args: never) => Promise<unknown>
  ? M
  : M extends (...args: infer A) => infer R
    ? [R] extends [PromiseLike<unknown>]
      ? [Exclude<keyof R, keyof Promise<unknown>>] extends [never]
        ? (...args: A) => Promise<Awaited<R>>
        : FinishBuildersInProxyCall
      : (...args: A) => Promise<Awaited<R>>
    : never

/**
 * A function, with its members if it has any. One that keeps its own type keeps its members, too: no type can remove
 * them.
 */
type GuardedFunction<F> = F extends (...args: never) => Promise<unknown>
  ? F
  : [keyof F] extends [never]
    ? GuardedMethod<F>
    : GuardedMembers<F, UnofferedBelow> & GuardedMethod<F>

type GuardedMembers<T, Excluded> = {
  readonly [
    K in keyof T as K extends Excluded
      ? never
      : T[K] extends AnyFunction
        ? K
        : IsNamespace<T[K]> extends true
          ? K
          : never
  ]: T[K] extends AnyFunction ? GuardedFunction<T[K]> : GuardedMembers<T[K], UnofferedBelow>
}

/**
 * A service as its callers see it: all its methods, each guarded by the proxy and returning a promise. The same holds
 * for the methods of the objects that it contains (`stripe.customers.create`), to any depth, and for the service itself
 * if it is a function.
 *
 * Not offered: property values, which are read with `proxy.call((service) => service.size)`, and methods that return
 * builders ({@link FinishBuildersInProxyCall}).
 */
export type Guarded<T> = T extends AnyFunction ? GuardedFunction<T> : GuardedMembers<T, Unoffered>
