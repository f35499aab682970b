import type { CallContext } from './attempt.ts'

/** Gives access to the attempt whose work is being started. */
export interface Entered {
  readonly enteredContext: CallContext | undefined
}

/**
 * Set only while the synchronous part of an attempt's work runs. It refers to the queue of the attempt and not to the
 * attempt itself: to write a reference to something that young into something this old would take a tenth of a call.
 */
let entered: Entered | undefined

/**
 * The signal of the guarded call that is running this code: it aborts at the call's deadline, or when its caller
 * aborts. For the methods of a service, which get no signal from the facade. Pass it on to whatever the method does.
 *
 * Read it synchronously at the start of the method, before the first `await`, and keep it:
 * `const signal = callSignal()`. Later, and outside a guarded call, it is undefined.
 */
export function callSignal(): AbortSignal | undefined {
  return entered?.enteredContext?.signal
}

/** @internal Runs a later part of an attempt's work, during which {@link callSignal} returns the attempt's signal. */
export function entering<R>(context: CallContext, work: () => R): R {
  const outer = enter({ enteredContext: context })
  try {
    return work()
  } finally {
    leave(outer)
  }
}

/** @internal Pass the result to {@link leave}. */
export function enter(source: Entered): Entered | undefined {
  const outer = entered
  entered = source
  return outer
}

/** @internal */
export function leave(outer: Entered | undefined): void {
  entered = outer
}
