import { channel } from 'node:diagnostics_channel'
import type { Channel } from 'node:diagnostics_channel'
import type { Cause, CircuitState } from '../circuit/state-machine.ts'
import { notify } from '../notify.ts'

/** What a proxy announces. `service` is its name; `cause` is who is behind it. */
export type ServiceEvent =
  /** The circuit changed its state; `observed`: it only observes, and refuses nothing, whatever its state. */
  | {
      readonly type: 'circuit'
      readonly service: string
      readonly from: CircuitState
      readonly to: CircuitState
      readonly observed: boolean
      readonly cause: Cause
    }
  /**
   * The circuit, closed, counts so many failures in a row now: one more than before, or 0 because a call succeeded. Nothing
   * is told while all is well.
   */
  | { readonly type: 'failures'; readonly service: string; readonly consecutive: number }
  /** A load ended: with an instance, made or found well again, or with `error`. */
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
   * A call of `method` failed with `error` and is tried again: its attempt number `attempt` comes after `waitMs`. Or it is
   * `denied`, because the budget of retries is used up.
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

/** The kinds of events. */
export type ServiceEventType = ServiceEvent['type']
/** The event of one kind. */
export type ServiceEventOf<K extends ServiceEventType> = Extract<ServiceEvent, { type: K }>
/** What {@link ServiceProxy.on} takes. */
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

/** What stands for every type. */
const ANY = '*'

/**
 * The events of one proxy. A listener runs synchronously; one that throws changes nothing for anybody else, and what a
 * listener causes is announced after the event at hand, so all listeners see the same order.
 */
export class ServiceEvents {
  /** Made with the first listener. */
  #listeners: Map<ServiceEventType | typeof ANY, Set<(event: ServiceEvent) => void>> | undefined
  /** What is still to be announced while an event is. */
  #pending: ServiceEvent[] | undefined

  /** Returns the function that takes the listener away again. */
  on<K extends ServiceEventType>(type: K, listener: ServiceEventListener<K>): () => void {
    return this.#add(type, (event) => {
      if (isEvent(event, type)) listener(event)
    })
  }

  /** Adds a listener to events of every type, told after those to the type. */
  onAny(listener: (event: ServiceEvent) => void): () => void {
    return this.#add(ANY, (event) => listener(event))
  }

  /** Tells the listeners and, if anybody listens there, the channel of the event's type. */
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

  /** Tells the listeners, and only them, at once. */
  tell(event: ServiceEvent): void {
    for (const listener of this.#listeners?.get(event.type) ?? []) notify(listener, event)
    for (const listener of this.#listeners?.get(ANY) ?? []) notify(listener, event)
  }

  clear(): void {
    this.#listeners = undefined
  }

  /** @param registered a function of its own for each call, so that the same listener may be added twice */
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
