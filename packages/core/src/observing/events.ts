import { channel } from 'node:diagnostics_channel'
import type { Channel } from 'node:diagnostics_channel'
import type { Cause, CircuitState } from '../circuit/state-machine.ts'
import { notify } from '../notify.ts'

/** An event of a proxy. `service` is its name; `cause` says who caused it. */
export type ServiceEvent =
  /** The circuit changed its state. `observed`: its mode is `observe`, so it rejects nothing, whatever its state. */
  | {
      readonly type: 'circuit'
      readonly service: string
      readonly from: CircuitState
      readonly to: CircuitState
      readonly observed: boolean
      readonly cause: Cause
    }
  /**
   * The number of consecutive failures of the closed circuit changed: one more than before, or 0 because a call
   * succeeded. There are no such events while all calls succeed.
   */
  | { readonly type: 'failures'; readonly service: string; readonly consecutive: number }
  /** A load ended: with an instance, new or checked again, or with `error`. */
  | { readonly type: 'load'; readonly service: string; readonly durationMs: number; readonly error?: unknown }
  /** The cached instance was invalidated: it is not served again. */
  | { readonly type: 'invalidate'; readonly service: string; readonly cause: Cause }
  /** The cached instance was expired: it is stale from now on. */
  | { readonly type: 'expire'; readonly service: string; readonly cause: Cause }
  /** An owned instance was disposed; `error` when its disposal failed. */
  | { readonly type: 'dispose'; readonly service: string; readonly error?: unknown }
  /** A fallback answered in place of the service, because of `error`. */
  | { readonly type: 'fallback'; readonly service: string; readonly error: unknown }
  /**
   * A call of `method` failed with `error` and is retried: attempt number `attempt` follows after `waitMs`. Or the
   * retry is `denied`, because the retry budget is used up.
   */
  | {
      readonly type: 'retry'
      readonly service: string
      readonly method: string
      readonly attempt: number
      readonly waitMs: number
      readonly denied: boolean
      readonly error: unknown
    }
  /** A health check found a change. */
  | { readonly type: 'health'; readonly service: string; readonly healthy: boolean }
  /** The proxy was stopped. */
  | { readonly type: 'stop'; readonly service: string }

/** The types of events. */
export type ServiceEventType = ServiceEvent['type']
/** The event of one type. */
export type ServiceEventOf<K extends ServiceEventType> = Extract<ServiceEvent, { type: K }>
/** A listener for {@link ServiceProxy.on}. */
export type ServiceEventListener<K extends ServiceEventType> = (event: ServiceEventOf<K>) => void

/** The channels of `node:diagnostics_channel` are named `svcproxy:<type>`. */
const CHANNELS: Readonly<Record<ServiceEventType, Channel>> = {
  circuit: channel('svcproxy:circuit'),
  failures: channel('svcproxy:failures'),
  load: channel('svcproxy:load'),
  invalidate: channel('svcproxy:invalidate'),
  expire: channel('svcproxy:expire'),
  dispose: channel('svcproxy:dispose'),
  fallback: channel('svcproxy:fallback'),
  retry: channel('svcproxy:retry'),
  health: channel('svcproxy:health'),
  stop: channel('svcproxy:stop'),
}

/** Stands for every type. */
const ANY = '*'

/**
 * The events of one proxy. Listeners run synchronously; an error of one affects nothing else. An event that a listener
 * causes is emitted after the current one, so all listeners see the same order.
 */
export class ServiceEvents {
  /** Made with the first listener. */
  #listeners: Map<ServiceEventType | typeof ANY, Set<(event: ServiceEvent) => void>> | undefined
  /** Events that wait while another one is being emitted. */
  #pending: ServiceEvent[] | undefined

  /** Adds a listener; returns the function that removes it. */
  on<K extends ServiceEventType>(type: K, listener: ServiceEventListener<K>): () => void {
    return this.#add(type, (event) => {
      if (isEvent(event, type)) listener(event)
    })
  }

  /** Adds a listener for events of every type; it is called after those for the type. */
  onAny(listener: (event: ServiceEvent) => void): () => void {
    return this.#add(ANY, (event) => listener(event))
  }

  /** Calls the listeners and, if anybody subscribes, publishes on the channel of the event's type. */
  emit(event: ServiceEvent): void {
    if (this.#pending !== undefined) {
      this.#pending.push(event)
      return
    }
    const pending = (this.#pending = [event])
    for (const next of pending) {
      this.tell(next)
      if (CHANNELS[next.type].hasSubscribers) CHANNELS[next.type].publish(next)
    }
    this.#pending = undefined
  }

  /** Calls the listeners only, and at once. */
  tell(event: ServiceEvent): void {
    for (const listener of this.#listeners?.get(event.type) ?? []) notify(listener, event)
    for (const listener of this.#listeners?.get(ANY) ?? []) notify(listener, event)
  }

  clear(): void {
    this.#listeners = undefined
  }

  /** @param registered a new function for each call, so that the same listener may be added twice */
  #add(type: ServiceEventType | typeof ANY, registered: (event: ServiceEvent) => void): () => void {
    this.#listeners ??= new Map()
    const listeners = this.#listeners.get(type) ?? new Set()
    this.#listeners.set(type, listeners.add(registered))
    return () => {
      listeners.delete(registered)
    }
  }
}

function isEvent<K extends ServiceEventType>(event: ServiceEvent, type: K): event is ServiceEventOf<K> {
  return event.type === type
}
