import { AsyncLocalStorage } from 'node:async_hooks'
import { context } from '@opentelemetry/api'
import type { Context } from '@opentelemetry/api'
import { harmless } from './harmless.ts'

/**
 * Lets `Channel.bindStore` make an OpenTelemetry context the active one. It stores nothing: whatever it is given to run
 * with goes to the context manager of the application. Undefined leaves the active context as it is.
 */
export class ActiveContext extends AsyncLocalStorage<Context | undefined> {
  override run<R, A extends unknown[]>(active: Context | undefined, work: (...args: A) => R, ...args: A): R {
    if (active === undefined) return work(...args)
    let hasBegun = false
    try {
      return context.with(active, () => {
        hasBegun = true
        return work(...args)
      })
    } catch (error) {
      if (hasBegun) throw error
      // A context manager that fails must not take the call with it.
      return work(...args)
    }
  }

  /** What `Channel.runStores` uses in place of {@link ActiveContext.run} since Node.js 26.1. */
  withScope(active: Context | undefined): Disposable {
    // Not in @opentelemetry/api before 1.10, and not in every context manager.
    const attached = active && harmless(() => context.attach?.(active))
    return { [Symbol.dispose]: () => harmless(() => attached?.dispose()) }
  }
}
