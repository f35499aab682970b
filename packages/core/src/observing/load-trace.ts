import { tracingChannel } from 'node:diagnostics_channel'
import type { Clock } from '../clock.ts'

/**
 * What the channels of `diagnostics_channel.tracingChannel('svcproxy:load')` carry: one object for each load of an
 * instance, from `start` to `asyncEnd`; `error` comes before `asyncEnd` when it brought none. A load serves all who wait
 * for it, so it runs outside of every request's async context; {@link CallTrace.load} says which calls waited for it.
 */
export interface LoadTrace {
  /** The service's name. */
  readonly service: string
  /** The {@link ServiceProxy} itself, to tell services of the same name apart. */
  readonly proxy: object
  /** From its start to its end, in milliseconds; undefined before `asyncEnd`. */
  readonly durationMs: number | undefined
  /** What it failed with; undefined when it brought an instance. */
  readonly error?: unknown
}

const {
  start: STARTS,
  end: ENDS,
  asyncStart: ASYNC_STARTS,
  asyncEnd: ASYNC_ENDS,
  error: ERRORS,
} = tracingChannel<unknown, LoadTrace>('svcproxy:load')

/** One load while it is told of. */
export class TracedLoad implements LoadTrace {
  readonly service: string
  readonly proxy: object
  durationMs: number | undefined
  error?: unknown

  constructor(proxy: { readonly name: string }) {
    this.service = proxy.name
    this.proxy = proxy
  }

  /** A trace to be told of a load; undefined when nobody listens. */
  static of(proxy: { readonly name: string }): TracedLoad | undefined {
    return STARTS.hasSubscribers || ASYNC_ENDS.hasSubscribers || ERRORS.hasSubscribers
      ? new TracedLoad(proxy)
      : undefined
  }

  /** Runs the load and tells of it. What subscribers bound to `start` (`bindStore`) is in force while it runs. */
  run<R>(clock: Clock, load: () => Promise<R>): Promise<R> {
    const startedAt = clock.now()
    const running = STARTS.runStores(this, load)
    ENDS.publish(this)
    const ended = (): void => {
      this.durationMs = clock.now() - startedAt
      ASYNC_STARTS.publish(this)
      ASYNC_ENDS.publish(this)
    }
    return running.then(
      (result) => {
        ended()
        return result
      },
      (error: unknown) => {
        this.error = error
        ERRORS.publish(this)
        ended()
        throw error
      },
    )
  }
}
