import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * Runs a function outside every request's async context: a timer created in one would retain it, and its callback would
 * run in it.
 */
export const outsideRequests: <R>(run: () => R) => R = AsyncLocalStorage.snapshot()
