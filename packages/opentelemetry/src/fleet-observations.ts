import type {
  Attributes,
  BatchObservableResult,
  Meter,
  ObservableCounter,
  ObservableGauge,
  ObservableUpDownCounter,
} from '@opentelemetry/api'
import type { FleetCounts, FleetState, FleetStatus, ServiceProxyManager } from '@svcproxy/core'
import { harmless } from './harmless.ts'
import { observedTogether } from './observed-together.ts'

/**
 * Makes a meter read, at each collection, the state of the process in the fleet that the manager has joined or joins
 * later, until it is disposed. Reading does not ask the store.
 */
export function observeFleet<M extends object>(
  meter: Meter,
  manager: ServiceProxyManager<M>,
  attributes: Attributes,
): Disposable {
  const instruments = createInstruments(meter)
  const observeAll = (result: BatchObservableResult): void => {
    const { fleet } = manager
    if (fleet === undefined) return
    harmless(() => {
      const { status } = fleet
      const ofFleet = { ...attributes, 'svcproxy.fleet.namespace': status.namespace }
      observeStatus({ result, instruments, attributes: ofFleet }, status)
      observeCounts({ result, instruments, attributes: ofFleet }, status.counts)
    })
  }
  return observedTogether(meter, { ...instruments }, observeAll)
}

interface Observation {
  readonly result: BatchObservableResult
  readonly instruments: Instruments
  readonly attributes: Attributes
}

const STATES = ['connecting', 'connected', 'degraded', 'left'] as const satisfies readonly FleetState[]

function observeStatus(
  { result, instruments, attributes }: Observation,
  { state, member, members, circuits, queuedInvalidations }: FleetStatus,
): void {
  for (const known of STATES) {
    result.observe(instruments.status, Number(known === state), { ...attributes, 'svcproxy.fleet.state': known })
  }
  result.observe(instruments.members, members.length, attributes)
  result.observe(instruments.queued, queuedInvalidations, attributes)
  for (const circuit of circuits) {
    const ofService = { ...attributes, 'svcproxy.service': circuit.service }
    result.observe(instruments.circuitOpen, Number(circuit.state === 'open'), ofService)
    result.observe(instruments.probing, Number(circuit.probe?.member === member.id), ofService)
  }
}

function observeCounts({ result, instruments, attributes }: Observation, counts: FleetCounts): void {
  const hints = {
    followed: counts.hints,
    deferred: counts.deferredHints,
    dropped: counts.droppedMessages,
    missed: counts.missedHints,
  }
  for (const [found, count] of Object.entries(hints)) {
    result.observe(instruments.hints, count, { ...attributes, 'svcproxy.fleet.hint.result': found })
  }
  const invalidations = { sent: counts.invalidationsSent, received: counts.invalidationsReceived }
  for (const [direction, count] of Object.entries(invalidations)) {
    result.observe(instruments.invalidations, count, { ...attributes, 'svcproxy.fleet.direction': direction })
  }
  result.observe(instruments.resyncs, counts.resyncs, attributes)
  result.observe(instruments.reports, counts.reports, attributes)
  result.observe(instruments.probes, counts.probes, attributes)
  result.observe(instruments.disconnections, counts.disconnections, attributes)
  result.observe(instruments.storeErrors, counts.storeErrors, attributes)
}

interface Instruments {
  readonly status: ObservableGauge
  readonly members: ObservableGauge
  readonly queued: ObservableUpDownCounter
  readonly circuitOpen: ObservableGauge
  readonly probing: ObservableUpDownCounter
  readonly hints: ObservableCounter
  readonly invalidations: ObservableCounter
  readonly resyncs: ObservableCounter
  readonly reports: ObservableCounter
  readonly probes: ObservableCounter
  readonly disconnections: ObservableCounter
  readonly storeErrors: ObservableCounter
}

function createInstruments(meter: Meter): Instruments {
  const counter = (name: string, unit: string, description: string): ObservableCounter =>
    meter.createObservableCounter(`svcproxy.fleet.${name}`, { unit, description })
  const gauge = (name: string, unit: string, description: string): ObservableGauge =>
    meter.createObservableGauge(`svcproxy.fleet.${name}`, { unit, description })
  return {
    status: gauge(
      'status',
      '1',
      'The connection of the process to its fleet: 1 for the current state, 0 for the others.',
    ),
    members: gauge('members', '{process}', 'Live members of the fleet, as of the last heartbeat.'),
    queued: meter.createObservableUpDownCounter('svcproxy.fleet.queued_invalidations', {
      unit: '{scope}',
      description: 'Invalidations of this process that have not been sent to the fleet yet.',
    }),
    circuitOpen: gauge('circuit.open', '1', '1 while the circuit is open for all members, else 0.'),
    probing: meter.createObservableUpDownCounter('svcproxy.fleet.probing', {
      unit: '{probe}',
      description: '1 while this process probes the service for the fleet, else 0.',
    }),
    hints: counter('hints', '{hint}', 'Hints of other members, by what became of them.'),
    invalidations: counter(
      'invalidations',
      '{scope}',
      'Invalidations that this process sent to the fleet, or received from it.',
    ),
    resyncs: counter('resyncs', '{read}', 'Reads of the store after a reconnection, or because something was unclear.'),
    reports: counter('reports', '{message}', 'Reports of failures that this process sent to the store.'),
    probes: counter('probes', '{probe}', 'Probes that this process made for the fleet.'),
    disconnections: counter('disconnections', '{disconnection}', 'Lost connections to the store.'),
    storeErrors: counter('store_errors', '{error}', 'Store operations that failed or timed out.'),
  }
}
