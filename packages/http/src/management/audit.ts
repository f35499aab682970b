import type { Clock } from '@svcproxy/core'
import type { EventRing } from './event-ring.ts'
import type { AuditEvent, ManagementOptions } from './options.ts'
import type { ActionScope, ManagementAction } from './snapshot.ts'

/** An action, its service (null: all), its scope, and its actor (null: unknown). */
export interface Deed {
  readonly action: ManagementAction
  readonly service: string | null
  readonly scope: ActionScope
  readonly actor: string | null
}

/** Records what operators do, and notifies the application. */
export class Audit {
  readonly #onAudit: ManagementOptions['onAudit']
  readonly #events: EventRing
  readonly #clock: Clock

  constructor(onAudit: ManagementOptions['onAudit'], events: EventRing, clock: Clock) {
    this.#onAudit = onAudit
    this.#events = events
    this.#clock = clock
  }

  /** Call it before the action is done, so that its effects come after it on the timeline. */
  done(deed: Deed): void {
    this.#events.add({ type: 'audit', ...deed })
    void this.#tell(deed, true)
  }

  /** Not on the timeline: rejected clients could flood it. */
  refused(deed: Deed): void {
    void this.#tell(deed, false)
  }

  /** Calls `onAudit` at once. Errors and rejections of `onAudit` are ignored. */
  async #tell(deed: Deed, allowed: boolean): Promise<void> {
    const event: AuditEvent = { at: new Date(this.#clock.wallNow()), ...deed, allowed }
    try {
      const told: unknown = this.#onAudit?.(event)
      await told
    } catch {
      // What the application does with the event is not our concern.
    }
  }
}
