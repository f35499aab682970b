import type { Contender } from '../scenario.ts'

/** How many of each were made per call. */
export interface Makings {
  readonly timers: number
  readonly abortControllers: number
}

const OPERATIONS = 1_000

/** Counts what `make`'s operations make. Libraries look these up when they are called, so the counting ones are found. */
export async function countMakings(make: Contender): Promise<Makings> {
  const counts = { timers: 0, abortControllers: 0 }
  const { setTimeout: realSetTimeout, AbortController: RealAbortController } = globalThis
  globalThis.AbortController = class extends RealAbortController {
    constructor() {
      super()
      counts.abortControllers++
    }
  }
  globalThis.setTimeout = Object.assign((...args: Parameters<typeof realSetTimeout>) => {
    counts.timers++
    return realSetTimeout(...args)
  }, realSetTimeout)

  const subject = await make()
  // What is made once is not made for each call.
  for (let n = 0; n < OPERATIONS; n++) await subject.run()
  counts.timers = 0
  counts.abortControllers = 0
  for (let n = 0; n < OPERATIONS; n++) await subject.run()
  // Taken before the end, which may make a timer of its own.
  const makings = {
    timers: counts.timers / OPERATIONS,
    abortControllers: counts.abortControllers / OPERATIONS,
  }
  await subject.dispose?.()
  return makings
}
