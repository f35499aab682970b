import type { FleetCounts, FleetStatus } from '@svcproxy/core'
import type { ScrapedMetric } from './scraped-metric.ts'

const STATES = { connecting: 0, connected: 0, degraded: 0, left: 0 }

/** What is read of the fleet that a manager is in. No series where it is in none. */
export const FLEET_METRICS: readonly ScrapedMetric<FleetStatus>[] = [
  {
    kind: 'Gauge',
    name: 'svcproxy_fleet_state',
    help: 'Whether the process hears the others of its fleet: 1 for the state it is in, 0 for the others.',
    label: 'state',
    aggregator: 'max',
    read: ({ state }) => ({ ...STATES, [state]: 1 }),
  },
  {
    kind: 'Gauge',
    name: 'svcproxy_fleet_members',
    help: 'The processes of the fleet that live, as the store last told.',
    aggregator: 'max',
    read: ({ members }) => ({ value: members.length }),
  },
  {
    kind: 'Gauge',
    name: 'svcproxy_fleet_queued_invalidations',
    help: 'Scopes that were invalidated in this process and of which the fleet has not heard.',
    read: ({ queuedInvalidations }) => ({ value: queuedInvalidations }),
  },
  {
    kind: 'Gauge',
    name: 'svcproxy_fleet_circuit_open',
    help: 'The circuits that the fleet shares: 1 while one is open for all, 0 while it is closed. Series of those of which the fleet has told.',
    label: 'service',
    aggregator: 'max',
    read: ({ circuits }) =>
      Object.fromEntries(circuits.map(({ service, state }) => [service, Number(state === 'open')])),
  },
  {
    kind: 'Gauge',
    name: 'svcproxy_fleet_probing',
    help: 'Whether this process probes the service for all: 1 or 0.',
    label: 'service',
    read: ({ circuits, member }) =>
      Object.fromEntries(circuits.map(({ service, probe }) => [service, Number(probe?.member === member.id)])),
  },
  {
    kind: 'Counter',
    name: 'svcproxy_fleet_hints_total',
    help: 'What members tell each other: heeded, deferred (looked up in the store), dropped (no message of this fleet), missed (found in the store).',
    label: 'result',
    read: ({ counts: { hints, deferredHints, droppedMessages, missedHints } }) => ({
      heeded: hints,
      deferred: deferredHints,
      dropped: droppedMessages,
      missed: missedHints,
    }),
  },
  {
    kind: 'Counter',
    name: 'svcproxy_fleet_invalidations_total',
    help: 'Scopes that were invalidated for all by this process (sent), and here by others (received).',
    label: 'direction',
    read: ({ counts }) => ({ sent: counts.invalidationsSent, received: counts.invalidationsReceived }),
  },
  counter('svcproxy_fleet_resyncs_total', 'resyncs', 'How often the store was read after a gap, or to make sure.'),
  counter('svcproxy_fleet_reports_total', 'reports', 'Messages of this process with evidence of failures.'),
  counter('svcproxy_fleet_probes_total', 'probes', 'How often this process had the probe of a circuit.'),
  counter('svcproxy_fleet_disconnections_total', 'disconnections', 'How often the connection to the store was lost.'),
  counter('svcproxy_fleet_store_errors_total', 'storeErrors', 'What the store did not do in time, or refused.'),
]

function counter(name: string, of: keyof FleetCounts, help: string): ScrapedMetric<FleetStatus> {
  return { kind: 'Counter', name, help, read: ({ counts }) => ({ value: counts[of] }) }
}
