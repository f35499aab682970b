import type { Clock } from './clock.ts'

/**
 * What `promise` resolves to, or undefined when that takes longer than `waitMs`; the promise goes on for others.
 * @param keepsAlive as of {@link Clock.setTimer}
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
