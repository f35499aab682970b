type Listener = (...args: never[]) => unknown

/** A listener with a wrapper around it. Node's emitters find the original listener in its `listener`. */
export interface Wrapped {
  (this: unknown, ...args: unknown[]): unknown
  listener: Listener
}

/**
 * Wraps `listener` to catch what it throws. It returns the listener's result, so that Node.js can capture the rejection
 * of a promise.
 */
export function guarded(listener: Listener, onThrow: (error: unknown) => void): Wrapped {
  function guard(this: unknown, ...args: unknown[]): unknown {
    try {
      return Reflect.apply(listener, this, args)
    } catch (error) {
      onThrow(error)
      return undefined
    }
  }
  guard.listener = listener
  return guard
}

/** Wraps `listener` to be called once. @param remove removes the wrapper from the emitter */
export function guardedOnce(
  listener: Listener,
  onThrow: (error: unknown) => void,
  remove: (guard: Wrapped) => void,
): Wrapped {
  let heard = false
  function once(this: unknown, ...args: unknown[]): unknown {
    // A listener that emits the same event itself is still in the list of those being called.
    if (heard) return undefined
    heard = true
    remove(guard)
    return Reflect.apply(listener, this, args)
  }
  const guard = guarded(once, onThrow)
  guard.listener = listener
  return guard
}
