import type { Clock } from '@svcproxy/core'

/** The clock of the page. */
export const browserClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimer(callback, delayMs) {
    const id = window.setTimeout(callback, delayMs)
    return { cancel: () => window.clearTimeout(id) }
  },
}
