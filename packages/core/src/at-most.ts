import type { Clock } from './clock.ts'

/** What `promise` resolves to, or undefined when that takes longer than `waitMs`; the promise goes on for others. */
export async function atMost<R>(promise: Promise<R>, waitMs: number, clock: Clock): Promise<R | undefined> {
  let giveUp: (() => void) | undefined
  const late = new Promise<undefined>((resolve) => (giveUp = () => resolve(undefined)))
  const timer = clock.setTimer(() => giveUp?.(), waitMs)
  return Promise.race([promise, late]).finally(() => timer.cancel())
}
