/** A scheduled callback that can be cancelled. */
export interface Timer {
  /** Cancels it; does nothing if the callback has run. */
  cancel(): void
}

/**
 * The source of time. All intervals are measured with {@link Clock.now}, which is monotonic, so a change of the wall
 * clock breaks neither expiry nor recovery.
 */
export interface Clock {
  /** Monotonic time in milliseconds, from an arbitrary origin. */
  now(): number
  /** Wall-clock time in milliseconds since the epoch: for display, and for the age of `security` services. */
  wallNow(): number
  /**
   * Runs `callback` once, `delayMs` from now. The timer does not keep the process alive unless `keepsAlive` is true:
   * then a caller is waiting for it.
   */
  setTimer(callback: () => void, delayMs: number, keepsAlive?: boolean): Timer
}

/** The longest delay that `setTimeout` supports, in milliseconds (about 24.8 days); a longer one fires after 1 ms. */
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
 * The wall-clock time of something that happened at `at`. While things happen only the monotonic clock is read; the
 * wall clock is read when somebody looks.
 */
export function wallTimeOf(at: number, clock: Clock): Date {
  return new Date(clock.wallNow() - (clock.now() - at))
}
