import { isObject } from '../is-object.ts'

// Recognizes results that nothing can guard once they have left the call.

/** What promises have, from any library. */
const OF_PROMISES: ReadonlySet<unknown> = new Set(['then', 'catch', 'finally', 'constructor'])

/** A promise in all but its class; its library's name for the type says so. */
const LAZY_PROMISE = 'PrismaPromise'

/**
 * Whether a method returned a builder: something that further calls finish, and that runs when it is awaited or
 * executed, as far as it is built by then. If the facade awaited it, that could be a `delete` without its `where`.
 * @param result not a `Promise`
 */
export function isBuilder(result: object): boolean {
  if (!isThenable(result)) return has(result, 'exec') && !(result instanceof RegExp)
  // The class of a promise creates promises. A transaction that can be committed has already begun.
  const made: unknown = Reflect.get(result, 'constructor')
  if ((isObject(made) && has(made, 'resolve')) || isTransaction(result)) return false
  return Reflect.get(result, Symbol.toStringTag) !== LAZY_PROMISE && hasOwnMethods(result)
}

/** A client that belongs to its caller until it is released. */
export interface PooledClient {
  release(): unknown
}

/** Not everything with a `release` is one: a lock is meant to outlive the call. */
export function isPooledClient(result: unknown): result is PooledClient {
  if (!isObject(result) || !has(result, 'release')) return false
  return typeof result === 'function' || has(result, 'query') || has(result, 'execute')
}

/** A transaction that is open until it is committed or rolled back. */
export interface OpenTransaction {
  commit(): unknown
  rollback(): unknown
}

export function isTransaction(result: unknown): result is OpenTransaction {
  return isObject(result) && has(result, 'commit') && has(result, 'rollback')
}

/**
 * Whether a template is called with a promise in it: the promise that the facade returned for a part of the template.
 */
export function hasPromiseInTemplate([template, ...values]: readonly unknown[]): boolean {
  return Array.isArray(template) && 'raw' in template && values.some((value) => value instanceof Promise)
}

/** What a thenable of another kind resolves to. @param unfit creates the error for one that cannot be awaited */
export function adopted(thenable: object, unfit: () => Error): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const then: unknown = Reflect.get(thenable, 'then')
    try {
      if (typeof then === 'function') Reflect.apply(then, thenable, [resolve, reject])
    } catch {
      reject(unfit())
    }
  })
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

export function isThenable(value: object): boolean {
  return has(value, 'then')
}

function has(value: object, method: string): boolean {
  return typeof Reflect.get(value, method) === 'function'
}
