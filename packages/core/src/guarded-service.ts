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

/** A method of the service as a caller has it. */
type Wrapper = (...args: unknown[]) => Promise<unknown>

/** Method names come from code; a bound in case they do not. */
const MAX_WRAPPERS = 1_000

/** Symbols the language itself looks up, on any object, to find out what it is. */
const WELL_KNOWN: ReadonlySet<unknown> = new Set(
  Object.getOwnPropertyNames(Symbol).map((name): unknown => Reflect.get(Symbol, name)),
)

const NOTHING = Object.freeze({})

/**
 * The transparent facade. Which methods the service has is not known before it is resolved, so every name gives a
 * function; calling one that the service does not have rejects with a TypeError that says so.
 *
 * Not offered, because promises, JSON and the language itself ask for them: `then`, `toJSON`, what every object has
 * (`toString`, `constructor` …) and well-known symbols.
 */
export function guardedService<T>(serviceName: string, call: MethodCaller): Guarded<T> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a Proxy's type is what its handler makes of it
  return new Proxy(NOTHING, new FacadeHandler(serviceName, call)) as Guarded<T>
}

/** One for each facade, and one facade for each request that uses the service: it is small until it needs to be more. */
class FacadeHandler implements ProxyHandler<object> {
  readonly #serviceName: string
  readonly #call: MethodCaller
  /** The first method that was asked for; most requests ask for no other. */
  #firstMethod: string | symbol | undefined
  #firstWrapper: Wrapper | undefined
  #wrappers: Map<string | symbol, Wrapper> | undefined

  constructor(serviceName: string, call: MethodCaller) {
    this.#serviceName = serviceName
    this.#call = call
  }

  get(_target: object, key: string | symbol): unknown {
    if (key === this.#firstMethod) return this.#firstWrapper
    return this.#wrappers?.get(key) ?? this.#find(key)
  }

  set(): never {
    return this.#refuse()
  }

  defineProperty(): never {
    return this.#refuse()
  }

  deleteProperty(): never {
    return this.#refuse()
  }

  setPrototypeOf(): never {
    return this.#refuse()
  }

  #find(key: string | symbol): unknown {
    if (key in Object.prototype) return Reflect.get(NOTHING, key)
    if (key === Symbol.toStringTag) return `Guarded ${this.#serviceName}`
    if (key === Symbol.asyncIterator || key === Symbol.iterator) return () => notIterable(this.#serviceName)
    return key === 'then' || key === 'toJSON' || WELL_KNOWN.has(key) ? undefined : this.#wrap(key)
  }

  #wrap(method: string | symbol): Wrapper {
    const call = this.#call
    const wrapper: Wrapper = (...args) => call(method, args)
    if (this.#firstMethod === undefined) {
      this.#firstMethod = method
      this.#firstWrapper = wrapper
    } else {
      this.#wrappers ??= new Map()
      if (this.#wrappers.size < MAX_WRAPPERS - 1) this.#wrappers.set(method, wrapper)
    }
    return wrapper
  }

  #refuse(): never {
    throw new TypeError(
      `The guarded service '${this.#serviceName}' is read-only; get the service itself with proxy.get()`,
    )
  }
}

function notIterable(serviceName: string): never {
  throw new TypeError(
    `The guarded service '${serviceName}' cannot be iterated; get an iterator with proxy.call((service) => …)`,
  )
}
