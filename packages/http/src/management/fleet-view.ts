import type { Clock, FleetStatus, ManagedFleet, MemberView, SharedCircuitView } from '@svcproxy/core'
import { atMost } from '@svcproxy/core/adapter'
import { errorView } from './failure-view.ts'
import type { ManagementState } from './management-state.ts'
import type { FleetCircuitView, FleetMemberView, FleetView } from './snapshot.ts'

/** How long a snapshot waits for an unreachable store, in milliseconds. */
const PATIENCE_MS = 500

/** Shows the fleet of a manager. Members and circuits look the same whichever process is asked. */
export class FleetViews {
  readonly #state: ManagementState
  readonly #clock: Clock
  /** Keys for the remembered times: the same object for a member or a circuit as long as it is shown. */
  #owners = new Map<string, object>()

  constructor(state: ManagementState, clock: Clock) {
    this.#state = state
    this.#clock = clock
  }

  /** The fleet as it is now; null: the manager has joined none. */
  async now(): Promise<FleetView | null> {
    const { fleet } = this.#state.services
    if (fleet === undefined) return null
    await atMost(fleet.refresh(), PATIENCE_MS, this.#clock)
    return this.#viewOf(fleet)
  }

  #viewOf({ status }: ManagedFleet): FleetView {
    const { state, since, namespace, member, queuedInvalidations, counts, lastError } = status
    this.#forgetOwners(status)
    return {
      namespace,
      state,
      since: since.toISOString(),
      member: member.id,
      members: status.members.map((view) => this.#member(view)).sort(byLabel),
      circuits: status.circuits.map((view) => this.#circuit(view)),
      queuedInvalidations,
      counts,
      lastError: lastError === undefined ? null : errorView(lastError),
    }
  }

  #member({ id, label, seenMsAgo, services }: MemberView): FleetMemberView {
    return { id, label, seenAt: this.#iso(`member ${id}`, 'seenAt', -seenMsAgo), services }
  }

  #circuit({ service, state, remainingMs, probe }: SharedCircuitView): FleetCircuitView {
    const key = `circuit ${service}`
    const isProbed = probe !== undefined && probe.remainingMs > 0
    return {
      service,
      state,
      retryAt: remainingMs > 0 ? this.#iso(key, 'retryAt', remainingMs) : null,
      probe: isProbed ? { member: probe.member, until: this.#iso(key, 'until', probe.remainingMs) } : null,
    }
  }

  #iso(key: string, which: 'seenAt' | 'retryAt' | 'until', inMs: number): string {
    const owner = this.#owners.get(key) ?? {}
    this.#owners.set(key, owner)
    return this.#state.times.iso(owner, which, this.#clock.wallNow() + inMs)
  }

  #forgetOwners({ members, circuits }: FleetStatus): void {
    const shown = new Set([
      ...members.map(({ id }) => `member ${id}`),
      ...circuits.map(({ service }) => `circuit ${service}`),
    ])
    this.#owners = new Map([...this.#owners].filter(([key]) => shown.has(key)))
  }
}

/** The same order whichever process is asked. */
function byLabel(a: FleetMemberView, b: FleetMemberView): number {
  return a.label.localeCompare(b.label, 'en', { numeric: true }) || (a.id < b.id ? -1 : 1)
}
