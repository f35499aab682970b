// What methods return that nothing can guard once it has left the call.

interface Thenable {
  then: unknown
  readonly constructor?: { readonly resolve?: unknown }
}

/** What promises have, whoever made them. */
const OF_PROMISES: ReadonlySet<unknown> = new Set(['then', 'catch', 'finally', 'constructor'])

/** A promise in all but its class, of which its library's type says so. */
const LAZY_PROMISE = 'PrismaPromise'

/**
 * Whether a method returned a builder: a thenable that is no promise and has methods of its own. It runs when it is
 * awaited, with whatever its caller has said by then; awaited by the facade, a `delete` without its `where`.
 */
export function isBuilder(result: object): boolean {
  if (result instanceof Promise || !isThenable(result)) return false
  // The class of a promise makes promises.
  if (typeof result.constructor?.resolve === 'function') return false
  return Reflect.get(result, Symbol.toStringTag) !== LAZY_PROMISE && hasOwnMethods(result)
}

/** Methods by which pools check out clients, in the libraries that have pools. */
const CHECK_OUTS: ReadonlySet<unknown> = new Set(['connect', 'getConnection', 'reserve', 'acquire'])

export function mayCheckOut(method: string | symbol): boolean {
  return CHECK_OUTS.has(method)
}

/** A client that is somebody's until it is released. */
export interface PooledClient {
  release(): void
}

/** Not everything that is released is one: a lock is meant to outlive the call. */
export function isPooledClient(result: unknown): result is PooledClient {
  if ((typeof result !== 'object' && typeof result !== 'function') || result === null) return false
  if (typeof Reflect.get(result, 'release') !== 'function') return false
  return (
    typeof result === 'function' || ['query', 'execute'].some((name) => typeof Reflect.get(result, name) === 'function')
  )
}

function isThenable(value: object): value is Thenable {
  return typeof Reflect.get(value, 'then') === 'function'
}

function hasOwnMethods(value: object): boolean {
  for (let object: unknown = value; isOfSomebody(object); object = Object.getPrototypeOf(object)) {
    for (const [key, { value: member }] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
      if (typeof member === 'function' && !OF_PROMISES.has(key)) return true
    }
  }
  return false
}

function isOfSomebody(object: unknown): object is object {
  return object !== null && object !== Object.prototype && object !== Promise.prototype
}

const unfinished = new WeakMap<object, Error>()

/** A promise of which somebody expects the methods of a builder is told what is wrong. */
const UNFINISHED = new Proxy(Promise.prototype, {
  get(target, key, answer: object): unknown {
    const error = unfinished.get(answer)
    if (typeof key === 'string' && !(key in target) && error !== undefined) throw error
    return Reflect.get(target, key)
  },
})

/** `answer` rejects because of `error`; whoever takes it for the builder gets the error when it goes on, not only when it waits. */
export function answerUnfinished(answer: Promise<unknown>, error: Error): void {
  unfinished.set(answer, error)
  Object.setPrototypeOf(answer, UNFINISHED)
  // Then nobody looks at the answer; a rejection that nobody handles would end the process.
  answer.catch(() => undefined)
}
