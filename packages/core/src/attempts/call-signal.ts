import type { CallContext } from './attempt.ts'

/** What knows the attempt whose work is being entered. */
export interface Entered {
  readonly enteredContext: CallContext | undefined
}

/**
 * Where the attempt is found whose work is being entered; between two synchronous pieces of code there is none. It is not
 * the attempt itself but its queue: to write something that young into something this old would take a tenth of a call.
 */
let entered: Entered | undefined

/**
 * The signal of the guarded call that runs this code: it aborts at the call's deadline, or when its caller gives up. For
 * methods of a service, which are given no signal by the facade; pass it on to whatever the method does.
 *
 * Read it synchronously at the entry of the method, before the first `await`, and keep it:
 * `const signal = callSignal()`. Later, and outside of a guarded call, it is undefined.
 */
export function callSignal(): AbortSignal | undefined {
  return entered?.enteredContext?.signal
}

/** @internal Runs a later piece of an attempt's work, for which {@link callSignal} is the attempt's. */
export function entering<R>(context: CallContext, work: () => R): R {
  const outer = enter({ enteredContext: context })
  try {
    return work()
  } finally {
    leave(outer)
  }
}

/** @internal What it returns is to be given to {@link leave}. */
export function enter(source: Entered): Entered | undefined {
  const outer = entered
  entered = source
  return outer
}

/** @internal */
export function leave(outer: Entered | undefined): void {
  entered = outer
}
