import { letsCallsThrough } from '@svcproxy/core/adapter'
import type { Clock, FleetMember, MemberView, ServiceProxyManager, ServiceReport, ServiceStatus } from '@svcproxy/core'
import type { FleetStore } from './store.ts'

/** A member that has told nothing for so long is dead, in milliseconds. */
const MEMBER_TTL_MS = 15_000
/** How old what is known of the members may be for whoever looks, in milliseconds. */
const REFRESH_MS = 1_000
/** What a heartbeat tells at most: a fleet of many unwell services stays within a message. */
const MAX_REPORTED = 100

/** Tells the others of this process, and hears of them in return. */
export class Members<M extends object> {
  readonly #manager: ServiceProxyManager<M>
  readonly #self: FleetMember
  #heard: readonly MemberView[] = []
  #heardAt = -Infinity
  #refreshing: Promise<void> | undefined

  constructor(manager: ServiceProxyManager<M>, self: FleetMember) {
    this.#manager = manager
    this.#self = self
  }

  /** Those that live, as the store last told. */
  get views(): readonly MemberView[] {
    const ageMs = this.#ageMs
    return this.#heard.map((view) => ({ ...view, seenMsAgo: view.seenMsAgo + ageMs }))
  }

  /** One heartbeat. */
  async tell(store: FleetStore): Promise<void> {
    this.#heard = await store.heartbeat(this.#self, reportsOf(this.#manager), MEMBER_TTL_MS)
    this.#heardAt = this.#clock.now()
  }

  /** @param beat one heartbeat; never rejects */
  async refresh(beat: () => Promise<void>): Promise<void> {
    if (this.#ageMs < REFRESH_MS) return
    await (this.#refreshing ??= beat().finally(() => (this.#refreshing = undefined)))
  }

  get #clock(): Clock {
    return this.#manager.clock
  }

  get #ageMs(): number {
    return this.#clock.now() - this.#heardAt
  }
}

/** A service is told of while it is not simply well. */
function reportsOf<M extends object>(manager: ServiceProxyManager<M>): MemberView['services'] {
  const unwell: [string, ServiceReport][] = []
  for (const name of manager.names) {
    const report = reportOf(manager.getProxy(name).getStatus())
    if (report !== undefined && unwell.length < MAX_REPORTED) unwell.push([name, report])
  }
  return Object.fromEntries(unwell)
}

function reportOf({ circuit }: ServiceStatus): ServiceReport | undefined {
  // One that only observes is well whatever its state.
  if (circuit === undefined || (letsCallsThrough(circuit) && circuit.consecutiveFailures === 0)) return undefined
  return { state: circuit.state, failures: circuit.consecutiveFailures }
}
