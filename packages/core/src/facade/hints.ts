// A facade answers with a promise where the client would have answered with more. Whoever asks the promise for the rest is
// told where it is.

/** What somebody may take a promise for. */
interface Hint {
  readonly error: TypeError
  /** Has what may be asked for; undefined: anything may. */
  readonly of: object | undefined
}

/** By promise; undefined as long as nobody knows what the client will have answered. */
const hints = new WeakMap<object, Hint | undefined>()

/** Between such a promise and the prototype of all promises. */
class AnyPromise extends Promise<unknown> {}
Reflect.deleteProperty(AnyPromise.prototype, 'constructor')
const HINTING = new Proxy(AnyPromise.prototype, {
  get(target, key, answer: object): unknown {
    if (typeof key !== 'string' || key in target) return Reflect.get(target, key)
    const known = hints.get(answer)
    const isMeant = known !== undefined && (known.of === undefined || key in known.of)
    // Who asks for more than there is fails at once and will not look at the answer: if that is a rejection, nobody handles
    // it, and it would end the process.
    if (isMeant || known === undefined) handled(answer)
    if (isMeant) throw known.error
    return undefined
  },
})

/** Nobody knows yet what the client will answer. */
export function expectHint(answer: Promise<unknown>): void {
  hints.set(answer, undefined)
  Object.setPrototypeOf(answer, HINTING)
}

/** @param of what the client's own answer has, where that is a promise and more; undefined for a builder, which can be anything */
export function hint(answer: Promise<unknown>, error: TypeError, of?: object): void {
  hints.set(answer, { error, of })
  Object.setPrototypeOf(answer, HINTING)
}

function handled(answer: object): void {
  if (answer instanceof Promise) answer.catch(() => undefined)
}
