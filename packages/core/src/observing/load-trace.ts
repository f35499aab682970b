import { tracingChannel } from 'node:diagnostics_channel'
import type { Clock } from '../clock.ts'
import { runTraced } from './traced.ts'

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

const LOADS = tracingChannel<unknown, LoadTrace>('svcproxy:load')
const { start: STARTS, asyncEnd: ASYNC_ENDS, error: ERRORS } = LOADS

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

  /** Runs the load and tells of it. */
  run<R>(clock: Clock, load: () => Promise<R>): Promise<R> {
    return runTraced(LOADS, this, clock, load)
  }
}
