/** A method of a service as the facade offers it: the same one, returning a promise. */
// A method that returns a promise already keeps its own type, and with it its overloads and type parameters.
export type GuardedMethod<M> = M extends (...args: infer A) => infer R
  ? R extends Promise<unknown>
    ? M
    : (...args: A) => Promise<Awaited<R>>
  : never

/** The methods of a service, each guarded by its proxy, each returning a promise. */
export type Guarded<T> = {
  readonly [K in keyof T as T[K] extends (...args: never) => unknown ? K : never]: GuardedMethod<T[K]>
}

/** Calls a method of the service through its proxy. */
export type MethodCaller = (method: string | symbol, args: unknown[]) => Promise<unknown>

/** Method names come from code; a bound in case they do not. */
const MAX_WRAPPERS = 1_000

/** Symbols the language itself looks up, on any object, to find out what it is. */
const WELL_KNOWN: ReadonlySet<unknown> = new Set(
  Object.getOwnPropertyNames(Symbol).map((name): unknown => Reflect.get(Symbol, name)),
)

/**
 * The transparent facade. Which methods the service has is not known before it is resolved, so every name gives a
 * function; calling one that the service does not have rejects with a TypeError that says so.
 *
 * Not offered, because promises, JSON and the language itself ask for them: `then`, `toJSON`, what every object has
 * (`toString`, `constructor` …) and well-known symbols.
 */
export function guardedService<T>(serviceName: string, call: MethodCaller): Guarded<T> {
  const wrappers = new Map<string | symbol, (...args: unknown[]) => Promise<unknown>>()
  const refuse = (): never => {
    throw new TypeError(`The guarded service '${serviceName}' is read-only; get the service itself with proxy.get()`)
  }

  const handler: ProxyHandler<object> = {
    get(target, key) {
      const known = wrappers.get(key)
      if (known !== undefined) return known
      if (key in Object.prototype) return Reflect.get(target, key) as unknown
      if (key === Symbol.toStringTag) return `Guarded ${serviceName}`
      if (key === Symbol.asyncIterator || key === Symbol.iterator) return () => notIterable(serviceName)
      if (key === 'then' || key === 'toJSON' || WELL_KNOWN.has(key)) return undefined
      const wrapper = (...args: unknown[]): Promise<unknown> => call(key, args)
      if (wrappers.size < MAX_WRAPPERS) wrappers.set(key, wrapper)
      return wrapper
    },
    set: refuse,
    defineProperty: refuse,
    deleteProperty: refuse,
    setPrototypeOf: refuse,
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a Proxy's type is what its handler makes of it
  return new Proxy(Object.freeze({}), handler) as Guarded<T>
}

/** What a caller is told who asks for a method that the service does not have. */
export function noSuchMethod(serviceName: string, method: string | symbol): TypeError {
  return new TypeError(
    `'${String(method)}' is not a method of service '${serviceName}'; read a property with proxy.call((service) => service.…)`,
  )
}

function notIterable(serviceName: string): never {
  throw new TypeError(
    `The guarded service '${serviceName}' cannot be iterated; get an iterator with proxy.call((service) => …)`,
  )
}
