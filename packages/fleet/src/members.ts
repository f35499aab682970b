import { admitsAllCalls } from '@svcproxy/core/adapter'
import type { Clock, FleetMember, MemberView, ServiceProxyManager, ServiceReport, ServiceStatus } from '@svcproxy/core'
import type { FleetStore } from './store.ts'

/** A member without a heartbeat for this long is dead, in milliseconds. */
const MEMBER_TTL_MS = 15_000
/** How old an answer of the store may be when the fleet is looked at, in milliseconds. */
const REFRESH_MS = 1_000
/** The maximum number of services in a heartbeat, so that its size stays limited. */
const MAX_REPORTED = 100

/** Sends the heartbeats of this process, and learns of the other members from the replies. */
export class Members<M extends object> {
  readonly #manager: ServiceProxyManager<M>
  readonly #self: FleetMember
  #heard: readonly MemberView[] = []
  #heardAt = -Infinity
  #refreshedAt = -Infinity
  #refreshing: Promise<void> | undefined

  constructor(manager: ServiceProxyManager<M>, self: FleetMember) {
    this.#manager = manager
    this.#self = self
  }

  /** The live members, as of the last heartbeat. */
  get views(): readonly MemberView[] {
    const ageMs = this.#ageMs
    return this.#heard.map((view) => ({ ...view, seenMsAgo: view.seenMsAgo + ageMs }))
  }

  /** Sends one heartbeat. */
  async tell(store: FleetStore): Promise<void> {
    this.#heard = await store.heartbeat(this.#self, reportsOf(this.#manager), MEMBER_TTL_MS)
    this.#heardAt = this.#clock.now()
  }

  /**
   * At most once a second, whenever the last heartbeat was: it did not ask which member probes.
   * @param ask never rejects
   */
  async refresh(ask: () => Promise<void>): Promise<void> {
    if (this.#clock.now() - this.#refreshedAt < REFRESH_MS) return
    await (this.#refreshing ??= ask().finally(() => {
      this.#refreshing = undefined
      this.#refreshedAt = this.#clock.now()
    }))
  }

  get #clock(): Clock {
    return this.#manager.clock
  }

  get #ageMs(): number {
    return this.#clock.now() - this.#heardAt
  }
}

/** A service is reported while its circuit is not closed or has counted failures. */
function reportsOf<M extends object>(manager: ServiceProxyManager<M>): MemberView['services'] {
  const unwell: [string, ServiceReport][] = []
  for (const name of manager.names) {
    const report = reportOf(manager.getProxy(name).getStatus())
    if (report !== undefined && unwell.length < MAX_REPORTED) unwell.push([name, report])
  }
  return Object.fromEntries(unwell)
}

function reportOf({ circuit }: ServiceStatus): ServiceReport | undefined {
  // A circuit that only observes counts as healthy in any state.
  if (circuit === undefined || (admitsAllCalls(circuit) && circuit.consecutiveFailures === 0)) return undefined
  return { state: circuit.state, failures: circuit.consecutiveFailures }
}
