/** A scheduled callback that can still be called off. */
export interface Timer {
  /** Calls it off; does nothing once the callback has run. */
  cancel(): void
}

/**
 * Where the library takes its time from. Everything that measures an interval uses {@link Clock.now}, which is
 * monotonic, so a step of the wall clock breaks neither expiry nor recovery.
 */
export interface Clock {
  /** Monotonic time in milliseconds, from an arbitrary origin. */
  now(): number
  /** Wall-clock time in milliseconds since the epoch: for what people read, and for the age of security services. */
  wallNow(): number
  /**
   * Runs `callback` once, `delayMs` from now. The timer does not keep the process alive, unless `keepsAlive` is true:
   * somebody waits for it, and nothing else may be under way.
   */
  setTimer(callback: () => void, delayMs: number, keepsAlive?: boolean): Timer
}

/** The longest delay `setTimeout` honours, in milliseconds (about 24.8 days); beyond it Node.js fires after 1 ms. */
export const MAX_TIMER_MS = 2_147_483_647

/** The clock of the running process. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimer(callback, delayMs, keepsAlive = false) {
    const timeout = setTimeout(callback, Math.min(Math.max(delayMs, 0), MAX_TIMER_MS))
    if (!keepsAlive) timeout.unref()
    return { cancel: () => clearTimeout(timeout) }
  },
}

/**
 * When something happened, by the wall. Only the monotonic clock is read while things happen; the wall clock is asked
 * when somebody looks.
 */
export function wallTimeOf(at: number, clock: Clock): Date {
  return new Date(clock.wallNow() - (clock.now() - at))
}
