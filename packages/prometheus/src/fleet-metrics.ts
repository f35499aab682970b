import type { FleetCounts, FleetStatus } from '@svcproxy/core'
import type { ScrapedMetric } from './scraped-metric.ts'

const STATES = { connecting: 0, connected: 0, degraded: 0, left: 0 }

/** The metrics of the fleet that a manager has joined. Without a fleet there are no series. */
export const FLEET_METRICS: readonly ScrapedMetric<FleetStatus>[] = [
  {
    kind: 'Gauge',
    name: 'svcproxy_fleet_state',
    help: 'The connection of the process to its fleet: 1 for the current state, 0 for the others.',
    label: 'state',
    aggregator: 'max',
    read: ({ state }) => ({ ...STATES, [state]: 1 }),
  },
  {
    kind: 'Gauge',
    name: 'svcproxy_fleet_members',
    help: 'Live members of the fleet, as of the last heartbeat.',
    aggregator: 'max',
    read: ({ members }) => ({ value: members.length }),
  },
  {
    kind: 'Gauge',
    name: 'svcproxy_fleet_queued_invalidations',
    help: 'Invalidations of this process that have not been sent to the fleet yet.',
    read: ({ queuedInvalidations }) => ({ value: queuedInvalidations }),
  },
  {
    kind: 'Gauge',
    name: 'svcproxy_fleet_circuit_open',
    help: 'Shared circuits: 1 while the circuit is open for all members, 0 while it is closed. Only circuits that the fleet has reported.',
    label: 'service',
    aggregator: 'max',
    read: ({ circuits }) =>
      Object.fromEntries(circuits.map(({ service, state }) => [service, Number(state === 'open')])),
  },
  {
    kind: 'Gauge',
    name: 'svcproxy_fleet_probing',
    help: 'Whether this process probes the service for the fleet: 1 or 0.',
    label: 'service',
    read: ({ circuits, member }) =>
      Object.fromEntries(circuits.map(({ service, probe }) => [service, Number(probe?.member === member.id)])),
  },
  {
    kind: 'Counter',
    name: 'svcproxy_fleet_hints_total',
    help: 'Hints of other members: followed, deferred (read from the store instead), dropped (not a valid message), missed (change found in the store without a hint).',
    label: 'result',
    read: ({ counts: { hints, deferredHints, droppedMessages, missedHints } }) => ({
      followed: hints,
      deferred: deferredHints,
      dropped: droppedMessages,
      missed: missedHints,
    }),
  },
  {
    kind: 'Counter',
    name: 'svcproxy_fleet_invalidations_total',
    help: 'Invalidations that this process sent to the fleet (sent), and those of others applied here (received).',
    label: 'direction',
    read: ({ counts }) => ({ sent: counts.invalidationsSent, received: counts.invalidationsReceived }),
  },
  counter(
    'svcproxy_fleet_resyncs_total',
    'resyncs',
    'Reads of the store after a reconnection, or because something was unclear.',
  ),
  counter('svcproxy_fleet_reports_total', 'reports', 'Reports of failures that this process sent to the store.'),
  counter('svcproxy_fleet_probes_total', 'probes', 'Probes that this process made for the fleet.'),
  counter('svcproxy_fleet_disconnections_total', 'disconnections', 'Lost connections to the store.'),
  counter('svcproxy_fleet_store_errors_total', 'storeErrors', 'Store operations that failed or timed out.'),
]

function counter(name: string, of: keyof FleetCounts, help: string): ScrapedMetric<FleetStatus> {
  return { kind: 'Counter', name, help, read: ({ counts }) => ({ value: counts[of] }) }
}
