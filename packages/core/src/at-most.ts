import type { Clock } from './clock.ts'

/**
 * Resolves to the value of `promise`, or to undefined if that takes longer than `waitMs`. The promise itself goes on.
 * @param keepsAlive see {@link Clock.setTimer}
 */
export async function atMost<R>(
  promise: Promise<R>,
  waitMs: number,
  clock: Clock,
  keepsAlive = false,
): Promise<R | undefined> {
  let giveUp: (() => void) | undefined
  const late = new Promise<undefined>((resolve) => (giveUp = () => resolve(undefined)))
  const timer = clock.setTimer(() => giveUp?.(), waitMs, keepsAlive)
  return Promise.race([promise, late]).finally(() => timer.cancel())
}
