import { AsyncLocalStorage } from 'node:async_hooks'
import { context } from '@opentelemetry/api'
import type { Context } from '@opentelemetry/api'
import { harmless } from './harmless.ts'

/**
 * Makes `Channel.bindStore` activate an OpenTelemetry context. It stores nothing: the context is passed to the
 * application's context manager. Undefined leaves the active context as it is.
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
      // A context manager that fails must not fail the call.
      return work(...args)
    }
  }

  /** Node.js uses this in `Channel.runStores` instead of {@link ActiveContext.run} since version 26.1. */
  withScope(active: Context | undefined): Disposable {
    // Missing in @opentelemetry/api before 1.10, and in some context managers.
    const attached = active && harmless(() => context.attach?.(active))
    return { [Symbol.dispose]: () => harmless(() => attached?.dispose()) }
  }
}
