import { randomBytes } from 'node:crypto'
import type { Clock, HealthLevel } from '@svcproxy/core'
import type { ManagementState } from './management-state.ts'
import type { ServiceViews } from './service-view.ts'
import { SharedBody } from './shared-body.ts'
import { type History, type InstanceView, type Snapshot, SNAPSHOT_EVENTS } from './snapshot.ts'

/** How long one snapshot does for everybody who asks, in milliseconds. */
const MAX_AGE_MS = 1_000
/** The same, when something has happened since: in an outage much does. An action through this API ends it at once. */
const MAX_AGE_AFTER_EVENT_MS = 250

/** What {@link SnapshotSource} is made from. */
export interface SnapshotParts {
  readonly state: ManagementState
  readonly views: ServiceViews
  readonly clock: Clock
  readonly instance: InstanceView
  readonly readOnly: boolean
}

/** A {@link Snapshot} as it is sent. */
export interface SerializedSnapshot {
  readonly etag: string
  readonly body: SharedBody
}

interface Made extends SerializedSnapshot {
  readonly madeAt: number
  readonly lastEventId: number
  readonly stopping: boolean
  readonly actionCount: number
}

/** Makes snapshots, one for all who ask at about the same time. */
export class SnapshotSource {
  readonly #parts: SnapshotParts
  /** A revision means nothing to another process, nor to another mount. */
  readonly #source = randomBytes(6).toString('base64url')
  #revision = 0
  /** All of the last one but when it was made. */
  #content = ''
  #made: Made | undefined
  readonly #histories = new WeakMap<History, string>()

  constructor(parts: SnapshotParts) {
    this.#parts = parts
  }

  get(): SerializedSnapshot {
    const made = this.#made
    const { state, clock } = this.#parts
    const { events, services, actionCount } = state
    const isTrue = made?.stopping === services.stopping && made.actionCount === actionCount
    const maxAgeMs = events.lastId === made?.lastEventId ? MAX_AGE_MS : MAX_AGE_AFTER_EVENT_MS
    const isCurrent = isTrue && clock.now() - made.madeAt < maxAgeMs
    return isCurrent ? made : (this.#made = this.#make())
  }

  #make(): Made {
    const { state, clock } = this.#parts
    const { stopping } = state.services
    const head = { version: 1, at: new Date(clock.wallNow()).toISOString() } satisfies Pick<Snapshot, 'version' | 'at'>
    const content = this.#contentNow(stopping)
    // Comparing two texts is cheaper than a digest of one.
    if (content !== this.#content) {
      this.#content = content
      this.#revision++
    }
    return {
      etag: `W/"${this.#source}-${this.#revision}"`,
      body: new SharedBody(`{${membersOf(head)},${content}}`),
      madeAt: clock.now(),
      lastEventId: state.events.lastId,
      stopping,
      actionCount: state.actionCount,
    }
  }

  /** The members of a {@link Snapshot} without those of its head, as JSON. */
  #contentNow(stopping: boolean): string {
    const { state, views, instance, readOnly } = this.#parts
    const levels: HealthLevel[] = []
    const services = state.services.all().map((proxy) => {
      const view = views.withoutHistory(proxy)
      levels.push(view.status)
      return `{${membersOf(view)},"history":${this.#historyJson(views.historyOf(proxy))}}`
    })
    const status = stopping ? 'fail' : worstOf(levels)
    const before = { instance, readOnly, status, stopping } satisfies Omit<
      Snapshot,
      'version' | 'at' | 'services' | 'events'
    >
    // After the services: to look at a circuit whose time is over is what makes it half-open.
    const after = { events: state.events.newest(SNAPSHOT_EVENTS) } satisfies Pick<Snapshot, 'events'>
    return `${membersOf(before)},"services":[${services.join()}],${membersOf(after)}`
  }

  /** Written once in a sampling interval: it is half of a snapshot. */
  #historyJson(history: History): string {
    const known = this.#histories.get(history)
    if (known !== undefined) return known
    const json = JSON.stringify(history)
    this.#histories.set(history, json)
    return json
  }
}

/** An object as JSON without its braces. */
function membersOf(object: object): string {
  return JSON.stringify(object).slice(1, -1)
}

function worstOf(levels: readonly HealthLevel[]): HealthLevel {
  if (levels.includes('fail')) return 'fail'
  return levels.includes('warn') ? 'warn' : 'pass'
}
