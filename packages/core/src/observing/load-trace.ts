import { tracingChannel } from 'node:diagnostics_channel'
import type { Clock } from '../clock.ts'
import { runTraced } from './traced.ts'

/**
 * The message on the channels of `diagnostics_channel.tracingChannel('svcproxy:load')`: one object for each load of an
 * instance, from `start` to `asyncEnd`; `error` comes before `asyncEnd` if the load failed. A load serves all callers
 * that wait for it, so it runs outside every request's async context; {@link CallTrace.load} says which calls waited
 * for it.
 */
export interface LoadTrace {
  /** The service's name. */
  readonly service: string
  /** The {@link ServiceProxy} itself, to tell services of the same name apart. */
  readonly proxy: object
  /** From its start to its end, in milliseconds; undefined before `asyncEnd`. */
  readonly durationMs: number | undefined
  /** The error that it failed with; undefined if it brought an instance. */
  readonly error?: unknown
}

const LOADS = tracingChannel<unknown, LoadTrace>('svcproxy:load')
const { start: STARTS, asyncEnd: ASYNC_ENDS, error: ERRORS } = LOADS

/** A load that is traced. */
export class TracedLoad implements LoadTrace {
  readonly service: string
  readonly proxy: object
  durationMs: number | undefined
  error?: unknown

  constructor(proxy: { readonly name: string }) {
    this.service = proxy.name
    this.proxy = proxy
  }

  /** The trace for a load; undefined if nobody subscribes. */
  static of(proxy: { readonly name: string }): TracedLoad | undefined {
    return STARTS.hasSubscribers || ASYNC_ENDS.hasSubscribers || ERRORS.hasSubscribers
      ? new TracedLoad(proxy)
      : undefined
  }

  /** Runs the load and publishes its trace. */
  run<R>(clock: Clock, load: () => Promise<R>): Promise<R> {
    return runTraced(LOADS, this, clock, load)
  }
}
