type Listener = (...args: never[]) => unknown

/** A listener with something around it. By its `listener` Node's emitters find the one that their user knows. */
export interface Wrapped {
  (this: unknown, ...args: unknown[]): unknown
  listener: Listener
}

/** `listener`, what it throws caught. It returns what the listener does: Node can capture the rejection of a promise. */
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

/** `listener`, heard once. @param remove takes what is returned off the emitter */
export function guardedOnce(
  listener: Listener,
  onThrow: (error: unknown) => void,
  remove: (guard: Wrapped) => void,
): Wrapped {
  let heard = false
  function once(this: unknown, ...args: unknown[]): unknown {
    // One that emits the same event itself is still among those that are being told.
    if (heard) return undefined
    heard = true
    remove(guard)
    return Reflect.apply(listener, this, args)
  }
  const guard = guarded(once, onThrow)
  guard.listener = listener
  return guard
}
