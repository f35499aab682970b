// The load generator, in a process of its own that serves a whole run: it too is warm when it counts. It ends when its
// parent disconnects.
import autocannon from 'autocannon'
import { summarizeLatencies } from './latencies.ts'
import type { LoadOrder, LoadResult } from './load-order.ts'
import { pacedLoad } from './paced-load.ts'

const CONNECTIONS = 32
/** How often autocannon looks whether its time is over; what it is for, samples, is not used. */
const SAMPLE_INTERVAL_MS = 10

process.on('message', (order: LoadOrder) => {
  const { url, seconds, requestsPerSecond } = order
  const loaded = requestsPerSecond === undefined ? fullLoad(order) : pacedLoad({ url, seconds, requestsPerSecond })
  loaded.then(
    (result) => process.send?.(result),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})
process.once('disconnect', () => process.exit(0))

async function fullLoad({ url, seconds }: LoadOrder): Promise<LoadResult> {
  // autocannon rounds latencies to whole milliseconds, which is as long as some of these take.
  const latenciesMs: number[] = []
  const startedAt = performance.now()
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const instance = autocannon(
      { url, duration: seconds, connections: CONNECTIONS, pipelining: 1, sampleInt: SAMPLE_INTERVAL_MS },
      (error: Error | null, finished: autocannon.Result) => (error === null ? resolve(finished) : reject(error)),
    )
    instance.on('response', (_client, _status, _bytes, responseTimeMs) => latenciesMs.push(responseTimeMs))
  })
  const elapsedSeconds = (performance.now() - startedAt) / 1000
  return {
    requests: latenciesMs.length,
    requestsPerSecond: latenciesMs.length / elapsedSeconds,
    ...summarizeLatencies(latenciesMs),
    non2xx: result.non2xx,
    errors: result.errors + result.resets,
  }
}
