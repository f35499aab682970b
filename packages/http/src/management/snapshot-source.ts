import { randomBytes } from 'node:crypto'
import { setImmediate as othersTurn } from 'node:timers/promises'
import type { Clock, HealthLevel } from '@svcproxy/core'
import { isFleetHealthy } from '@svcproxy/core/adapter'
import type { FleetViews } from './fleet-view.ts'
import type { ManagementState } from './management-state.ts'
import type { ServiceViews } from './service-view.ts'
import { SharedBody } from './shared-body.ts'
import { type FleetView, type InstanceView, type RequestHistory, type Snapshot, SNAPSHOT_EVENTS } from './snapshot.ts'

/** How long all clients get the same snapshot, in milliseconds. */
const MAX_AGE_MS = 2_000
/**
 * The same after something has happened, which is often in an outage. An action through this API makes a new snapshot
 * at once.
 */
const MAX_AGE_AFTER_EVENT_MS = 250
/**
 * How many services are processed without a break: a request of the application waits for a fraction of a millisecond.
 */
const SLICE = 20

/** What {@link SnapshotSource} needs. */
export interface SnapshotParts {
  readonly state: ManagementState
  readonly views: ServiceViews
  readonly fleets: FleetViews
  readonly clock: Clock
  readonly instance: InstanceView
  readonly readOnly: boolean
}

/** A {@link Snapshot} as it is sent. */
export interface SerializedSnapshot {
  readonly etag: string
  readonly body: SharedBody
}

/** The state when a snapshot was begun. */
interface Beginning {
  readonly at: number
  readonly lastEventId: number
  readonly stopping: boolean
  readonly actionCount: number
}

interface Made extends SerializedSnapshot {
  readonly beginning: Beginning
}

/** A snapshot in progress, for all clients that ask meanwhile. */
interface Making {
  readonly beginning: Beginning
  readonly made: Promise<Made>
}

/** Makes snapshots, one for all clients that ask at about the same time. */
export class SnapshotSource {
  readonly #parts: SnapshotParts
  /** Part of the ETag, because a revision means nothing to another process or mount. */
  readonly #source = randomBytes(6).toString('base64url')
  #revision = 0
  /** The last snapshot without its time. */
  #content = ''
  #made: Made | undefined
  #making: Making | undefined
  readonly #histories = new WeakMap<RequestHistory, string>()

  constructor(parts: SnapshotParts) {
    this.#parts = parts
  }

  async get(): Promise<SerializedSnapshot> {
    const now = this.#now()
    if (this.#made !== undefined && isCurrent(this.#made.beginning, now)) return this.#made
    const making = this.#making
    return making !== undefined && isCurrent(making.beginning, now) ? making.made : this.#begin(now)
  }

  #now(): Beginning {
    const { events, services, actionCount } = this.#parts.state
    return { at: this.#parts.clock.now(), lastEventId: events.lastId, stopping: services.stopping, actionCount }
  }

  #begin(beginning: Beginning): Promise<Made> {
    const making: Making = { beginning, made: this.#make(beginning) }
    this.#making = making
    const ended = (made?: Made): void => {
      if (this.#making !== making) return
      this.#making = undefined
      this.#made = made
    }
    making.made.then(ended, () => ended())
    return making.made
  }

  async #make(beginning: Beginning): Promise<Made> {
    const fleet = await this.#parts.fleets.now()
    const at = new Date(this.#parts.clock.wallNow()).toISOString()
    const content = await this.#contentNow(beginning.stopping, fleet)
    // Comparing two strings is cheaper than computing a digest of one.
    if (content !== this.#content) {
      this.#content = content
      this.#revision++
    }
    const head = { version: 1, at } satisfies Pick<Snapshot, 'version' | 'at'>
    return {
      etag: `W/"${this.#source}-${this.#revision}"`,
      body: new SharedBody(`{${membersOf(head)},${content}}`),
      beginning,
    }
  }

  /** The members of a {@link Snapshot} except those of its head, as JSON. */
  async #contentNow(stopping: boolean, fleet: FleetView | null): Promise<string> {
    const { state, views, instance, readOnly } = this.#parts
    const levels: HealthLevel[] = [fleet === null || isFleetHealthy(fleet.state) ? 'pass' : 'warn']
    const services: string[] = []
    for (const proxy of state.services.all()) {
      const view = views.withoutHistory(proxy)
      levels.push(view.status)
      services.push(`{${membersOf(view)},"history":${this.#historyJson(views.historyOf(proxy))}}`)
      if (services.length % SLICE === 0) await othersTurn()
    }
    const status = stopping ? 'fail' : worstOf(levels)
    const before = { instance, readOnly, status, stopping, fleet } satisfies Omit<
      Snapshot,
      'version' | 'at' | 'services' | 'events'
    >
    // After the services, because reading a circuit may make it half-open, which is an event.
    const after = { events: state.events.newest(SNAPSHOT_EVENTS) } satisfies Pick<Snapshot, 'events'>
    return `${membersOf(before)},"services":[${services.join()}],${membersOf(after)}`
  }

  /** Written once per sampling interval: it is half of a snapshot. */
  #historyJson(history: RequestHistory): string {
    const known = this.#histories.get(history)
    if (known !== undefined) return known
    const json = JSON.stringify(history)
    this.#histories.set(history, json)
    return json
  }
}

/** Whether a snapshot that was begun at `then` is still current. */
function isCurrent(then: Beginning, now: Beginning): boolean {
  if (then.stopping !== now.stopping || then.actionCount !== now.actionCount) return false
  return now.at - then.at < (then.lastEventId === now.lastEventId ? MAX_AGE_MS : MAX_AGE_AFTER_EVENT_MS)
}

/** An object as JSON without its braces. */
function membersOf(object: object): string {
  return JSON.stringify(object).slice(1, -1)
}

function worstOf(levels: readonly HealthLevel[]): HealthLevel {
  if (levels.includes('fail')) return 'fail'
  return levels.includes('warn') ? 'warn' : 'pass'
}
