import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import type { Subject } from '../scenario.ts'

const WARM_UP_OPERATIONS = 20_000
const MAX_WARM_UP_MS = 500
const MAX_OPERATIONS = 5_000
const MIN_OPERATIONS = 10

/**
 * Bytes of heap that an operation takes, the promise of the `await` included. Needs `--expose-gc`, and a young
 * generation so large that nothing is collected between the two looks at the heap; a look that was disturbed all the
 * same is repeated with fewer operations.
 */
export async function bytesPerOperation(subject: Subject): Promise<number> {
  const { gc } = globalThis
  if (gc === undefined) throw new Error('Start Node.js with --expose-gc')
  let collections = 0
  const observer = new PerformanceObserver((list) => (collections += list.getEntries().length))
  observer.observe({ entryTypes: ['gc'] })
  try {
    const warmAt = performance.now() + MAX_WARM_UP_MS
    for (let n = 0; n < WARM_UP_OPERATIONS && performance.now() < warmAt; n++) await subject.run()
    for (let operations = MAX_OPERATIONS; operations >= MIN_OPERATIONS; operations >>= 1) {
      gc()
      await settleObserver()
      collections = 0
      const before = getHeapStatistics().used_heap_size
      for (let n = 0; n < operations; n++) await subject.run()
      const bytes = getHeapStatistics().used_heap_size - before
      await settleObserver()
      if (collections === 0 && bytes >= 0) return bytes / operations
    }
    throw new Error('The heap was collected during every attempt to measure it')
  } finally {
    observer.disconnect()
  }
}

/** Entries of a PerformanceObserver come in a task of their own. */
function settleObserver(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20))
}
