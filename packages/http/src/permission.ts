import type { Clock, Timer } from '@svcproxy/core'

/** The result when the application did not decide in time. */
export const LATE: unique symbol = Symbol('late')

/** The result of `ask`; false if it throws or rejects, {@link LATE} if it takes too long. */
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
