import type { Clock, ServiceEvent } from '@svcproxy/core'
import type { EventPage, TimelineEvent } from './snapshot.ts'

/** How many events are kept. */
const CAPACITY = 500
/** A retry that is denied after less than this belongs to the same outage, in milliseconds. */
const QUIET_MS = 60_000

/** An event before it gets its id and its time. */
export type NewEvent = TimelineEvent extends infer E ? (E extends unknown ? Omit<E, 'id' | 'at'> : never) : never

/** The newest events of a process. Their ids are consecutive numbers from 1. */
export class EventRing {
  readonly #clock: Clock
  /** Oldest first. */
  readonly #events: TimelineEvent[] = []
  #lastId = 0
  /** When a retry was last denied, by service. */
  readonly #deniedAt = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** 0 before the first. */
  get lastId(): number {
    return this.#lastId
  }

  add(event: NewEvent): void {
    const at = new Date(this.#clock.wallNow()).toISOString()
    this.#events.push({ id: ++this.#lastId, at, ...event })
    if (this.#events.length > CAPACITY) this.#events.shift()
  }

  /** Adds the events of services that belong on a timeline; single loads, disposals, fallbacks and retries do not. */
  addIfTold(event: ServiceEvent): void {
    const { type, service } = event
    if (type === 'circuit') {
      const { from, to, observed, cause } = event
      this.add({ type, service, from, to, observed, cause })
    } else if (type === 'health') this.add({ type, service, healthy: event.healthy })
    else if (type === 'invalidate' || type === 'expire') this.add({ type, service, cause: event.cause })
    else if (type === 'stop') this.add({ type, service })
    else if (type === 'retry' && event.denied) this.#denied(service)
    if (type === 'stop') this.#deniedAt.delete(service)
  }

  /** In an outage hundreds of retries are denied: only the first one is added. */
  #denied(service: string): void {
    const now = this.#clock.now()
    const quietMs = now - (this.#deniedAt.get(service) ?? -Infinity)
    this.#deniedAt.set(service, now)
    if (quietMs >= QUIET_MS) this.add({ type: 'retry-denied', service })
  }

  /** At most `count` events, oldest first. */
  newest(count: number): readonly TimelineEvent[] {
    return this.#events.slice(-count)
  }

  /** The events of one service, oldest first. */
  of(service: string): readonly TimelineEvent[] {
    return this.#events.filter((event) => event.service === service)
  }

  /**
   * The events after the one with the id `after`. An id that was not assigned yet comes from an earlier process: the
   * client has missed everything, and gets all events.
   */
  after(after: number): EventPage {
    const lastId = this.#lastId
    if (after > lastId) return { events: this.newest(CAPACITY), lastId, missed: true }
    const firstKept = lastId - this.#events.length + 1
    const missed = after < firstKept - 1
    return { events: missed ? this.newest(CAPACITY) : this.#events.slice(after - firstKept + 1), lastId, missed }
  }
}
