import type { Clock } from '@svcproxy/core'
import type { EventRing } from './event-ring.ts'
import type { AuditEvent, ManagementOptions } from './options.ts'
import type { ActionScope, ManagementAction } from './snapshot.ts'

/** Which action, on which service (null: all), where, and whose (null: unknown). */
export interface Deed {
  readonly action: ManagementAction
  readonly service: string | null
  readonly scope: ActionScope
  readonly actor: string | null
}

/** Remembers what operators do, and tells the application. */
export class Audit {
  readonly #onAudit: ManagementOptions['onAudit']
  readonly #events: EventRing
  readonly #clock: Clock

  constructor(onAudit: ManagementOptions['onAudit'], events: EventRing, clock: Clock) {
    this.#onAudit = onAudit
    this.#events = events
    this.#clock = clock
  }

  /** It is about to be done; what it causes comes after it on the timeline. */
  done(deed: Deed): void {
    this.#events.add({ type: 'audit', ...deed })
    void this.#tell(deed, true)
  }

  /** Not on the timeline, which whoever is refused could flood. */
  refused(deed: Deed): void {
    void this.#tell(deed, false)
  }

  /** Calls `onAudit` at once. An async one that rejects changes as little as one that throws. */
  async #tell(deed: Deed, allowed: boolean): Promise<void> {
    const event: AuditEvent = { at: new Date(this.#clock.wallNow()), ...deed, allowed }
    try {
      const told: unknown = this.#onAudit?.(event)
      await told
    } catch {
      // What the application does with it is the application's.
    }
  }
}
