import type { TracingChannel } from 'node:diagnostics_channel'
import type { Clock } from '../clock.ts'

/** Something that is traced while it runs. */
interface Traced {
  durationMs: number | undefined
  error?: unknown
}

/**
 * Runs `work` and publishes its trace. Not `TracingChannel.tracePromise()`, which would put the result on the channel.
 * Stores that are bound to `start` (`bindStore`) apply while it runs.
 */
export function runTraced<T extends object, R>(
  { start, end, asyncStart, asyncEnd, error: errors }: TracingChannel<unknown, T>,
  traced: T & Traced,
  clock: Clock,
  work: () => Promise<R>,
): Promise<R> {
  const startedAt = clock.now()
  const running = start.runStores(traced, work)
  end.publish(traced)
  const ended = (): void => {
    traced.durationMs = clock.now() - startedAt
    asyncStart.publish(traced)
    asyncEnd.publish(traced)
  }
  return running.then(
    (answer) => {
      ended()
      return answer
    },
    (error: unknown) => {
      traced.error = error
      errors.publish(traced)
      ended()
      throw error
    },
  )
}
