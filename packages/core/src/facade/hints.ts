// A facade returns a plain promise where the client would have returned more. A caller that uses more than the promise
// gets an error that says what to do instead.

/** What a promise may be mistaken for. */
interface Hint {
  readonly error: TypeError
  /** An object with the names that may be read from it; undefined: any name may be. */
  readonly of: object | undefined
}

/** By promise; undefined as long as it is not known what the client will return. */
const hints = new WeakMap<object, Hint | undefined>()

/** Stands between such a promise and the prototype of all promises. */
class AnyPromise extends Promise<unknown> {}
Reflect.deleteProperty(AnyPromise.prototype, 'constructor')
const HINTING = new Proxy(AnyPromise.prototype, {
  get(target, key, answer: object): unknown {
    if (typeof key !== 'string' || key in target) return Reflect.get(target, key)
    const known = hints.get(answer)
    const isMeant = known !== undefined && (known.of === undefined || key in known.of)
    // A caller that asks for more fails at once and does not look at the answer. If the answer is a rejection, nobody
    // handles it, and it would end the process.
    if (isMeant || known === undefined) handled(answer)
    if (isMeant) throw known.error
    return undefined
  },
})

/** It is not known yet what the client will return. */
export function expectHint(answer: Promise<unknown>): void {
  hints.set(answer, undefined)
  Object.setPrototypeOf(answer, HINTING)
}

/**
 * @param of has the names of the client's own answer, if that is a promise and more; undefined for a builder, which can
 * have any
 */
export function hint(answer: Promise<unknown>, error: TypeError, of?: object): void {
  hints.set(answer, { error, of })
  Object.setPrototypeOf(answer, HINTING)
}

function handled(answer: object): void {
  if (answer instanceof Promise) answer.catch(() => undefined)
}
