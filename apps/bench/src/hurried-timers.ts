/** What timers were set by, and how to have them come due. */
export interface HurriedTimers<T> {
  readonly result: T
  /** Has the timers that were set come due at once. Those that they set wait for the next time. */
  readonly letPass: () => void
  /** From now on the timers take their time. */
  readonly release: () => void
}

type SetTimeout = typeof globalThis.setTimeout
type TimeoutOf = Parameters<SetTimeout>

/** Runs `work`, and holds the timers that it sets. Whoever sets timers looks `setTimeout` up when it needs it. */
export function hurriedTimers<T>(work: () => T): HurriedTimers<T> {
  const held: TimeoutOf[] = []
  const holding = <R>(run: () => R): R => {
    const { setTimeout: realSetTimeout } = globalThis
    const hold = (...timeout: TimeoutOf): NodeJS.Timeout => {
      held.push(timeout)
      // Something to unref; nobody calls off what is held.
      return realSetTimeout(() => {}, 0)
    }
    globalThis.setTimeout = Object.assign(hold, realSetTimeout)
    try {
      return run()
    } finally {
      globalThis.setTimeout = realSetTimeout
    }
  }
  return {
    result: holding(work),
    letPass() {
      const due = held.splice(0)
      holding(() => {
        for (const [callback] of due) callback()
      })
    },
    release() {
      for (const [callback, delayMs] of held.splice(0)) setTimeout(() => callback(), delayMs).unref()
    },
  }
}
