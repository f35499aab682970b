import type { Clock, Timer } from '@svcproxy/core'

/** Whoever was asked for leave did not answer in time. */
export const LATE: unique symbol = Symbol('late')

/** What `ask` says when it is asked for leave: false when it throws or rejects, {@link LATE} when it takes too long. */
export async function permissionWithin(timeoutMs: number, clock: Clock, ask: () => unknown): Promise<unknown> {
  let timer: Timer | undefined
  const late = new Promise<typeof LATE>((resolve) => {
    timer = clock.setTimer(() => resolve(LATE), timeoutMs)
  })
  try {
    return await Promise.race([ask(), late])
  } catch {
    return false
  } finally {
    timer?.cancel()
  }
}
