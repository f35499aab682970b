import { randomBytes } from 'node:crypto'
import type { Clock, HealthLevel } from '@svcproxy/core'
import type { ManagementState } from './management-state.ts'
import type { ServiceViews } from './service-view.ts'
import { type InstanceView, type Snapshot, SNAPSHOT_EVENTS } from './snapshot.ts'

/** How long one snapshot does for everybody who asks, in milliseconds. An event ends that at once. */
const MAX_AGE_MS = 250

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
  readonly json: string
}

interface Made extends SerializedSnapshot {
  readonly madeAt: number
  readonly lastEventId: number
  readonly stopping: boolean
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

  constructor(parts: SnapshotParts) {
    this.#parts = parts
  }

  get(): SerializedSnapshot {
    const made = this.#made
    const { state, clock } = this.#parts
    const { events, services } = state
    const isCurrent =
      made !== undefined &&
      clock.now() - made.madeAt < MAX_AGE_MS &&
      events.lastId === made.lastEventId &&
      services.stopping === made.stopping
    return isCurrent ? made : (this.#made = this.#make())
  }

  #make(): Made {
    const { state, clock } = this.#parts
    const { stopping } = state.services
    const head = { version: 1, at: new Date(clock.wallNow()).toISOString() } satisfies Partial<Snapshot>
    const content = JSON.stringify(this.#contentNow(stopping))
    // Comparing two texts is cheaper than a digest of one.
    if (content !== this.#content) {
      this.#content = content
      this.#revision++
    }
    return {
      etag: `W/"${this.#source}-${this.#revision}"`,
      json: `${JSON.stringify(head).slice(0, -1)},${content.slice(1)}`,
      madeAt: clock.now(),
      lastEventId: state.events.lastId,
      stopping,
    }
  }

  #contentNow(stopping: boolean): Omit<Snapshot, 'version' | 'at'> {
    const { state, views, instance, readOnly } = this.#parts
    const services = state.services.all().map((proxy) => views.of(proxy))
    const levels = services.map(({ status }) => status)
    return {
      instance,
      readOnly,
      status: stopping ? 'fail' : worstOf(levels),
      stopping,
      services,
      // After the services: to look at a circuit whose time is over is what makes it half-open.
      events: state.events.newest(SNAPSHOT_EVENTS),
    }
  }
}

function worstOf(levels: readonly HealthLevel[]): HealthLevel {
  if (levels.includes('fail')) return 'fail'
  return levels.includes('warn') ? 'warn' : 'pass'
}
