import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** How much the heap may grow over a soak, in bytes: compiled code and statistics settle within the first rounds. */
export const MAX_HEAP_GROWTH: number = 4 * 2 ** 20
/** How many samples at either end are compared: one alone has what happens to be under way. */
const COMPARED = 3

/** What the heap holds that is in use, in bytes. Collects garbage first. */
export function heapInUse(): number {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  // What was waiting for finalization goes with the second.
  if (typeof collect === 'function') for (let time = 0; time < 2; time++) Reflect.apply(collect, undefined, [])
  return process.memoryUsage().heapUsed
}

/** How much more the last well phases hold than the first, in bytes. */
export function heapGrowth(samples: readonly number[]): number {
  const count = Math.max(1, Math.min(COMPARED, Math.floor(samples.length / 2)))
  return median(samples.slice(-count)) - median(samples.slice(0, count))
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
