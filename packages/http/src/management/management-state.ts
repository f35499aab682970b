import { randomBytes } from 'node:crypto'
import type { ServiceProxyManager } from '@svcproxy/core'
import { EventRing } from './event-ring.ts'
import { HistorySampler } from './history.ts'
import { Latencies } from './latencies.ts'
import { managedServices, type ManagedServices } from './managed-services.ts'
import { SteadyTimes } from './steady-time.ts'

/** What is remembered about a manager's services, shared by all mounts. */
export interface ManagementState {
  readonly services: ManagedServices
  readonly events: EventRing
  readonly history: HistorySampler
  readonly latencies: Latencies
  readonly times: SteadyTimes
  /** How many actions have taken effect, through any mount. */
  actionCount: number
  /** When it was created: ISO 8601. */
  readonly startedAt: string
  /** Distinguishes this process from the application's others, unless the application sets an `instanceId`. */
  readonly id: string
}

const STATES = new WeakMap<object, ManagementState>()

/** The state of a manager, created with its first mount. */
export function managementStateOf<M extends object>(manager: ServiceProxyManager<M>): ManagementState {
  const known = STATES.get(manager)
  if (known !== undefined) return known
  const { clock } = manager
  const services = managedServices(manager)
  const events = new EventRing(clock)
  services.onAny((event) => events.addIfTold(event))
  const state: ManagementState = {
    services,
    events,
    history: new HistorySampler(services, clock),
    latencies: new Latencies(),
    times: new SteadyTimes(),
    actionCount: 0,
    startedAt: new Date(clock.wallNow()).toISOString(),
    id: randomBytes(4).toString('hex'),
  }
  STATES.set(manager, state)
  return state
}
