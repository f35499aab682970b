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
 * Lets a meter read where the process stands in the fleet that the manager is in, or joins later, each time it collects,
 * until it is disposed. Reading asks the store nothing.
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
    heeded: counts.hints,
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
    status: gauge('status', '1', '1 for the state in which the process is, 0 for the others.'),
    members: gauge('members', '{process}', 'The processes of the fleet that live, as the store last told.'),
    queued: meter.createObservableUpDownCounter('svcproxy.fleet.queued_invalidations', {
      unit: '{scope}',
      description: 'Scopes that were invalidated in this process and of which the fleet has not heard.',
    }),
    circuitOpen: gauge('circuit.open', '1', '1 while the circuit is open for all, else 0.'),
    probing: meter.createObservableUpDownCounter('svcproxy.fleet.probing', {
      unit: '{probe}',
      description: '1 while this process probes the service for all, else 0.',
    }),
    hints: counter('hints', '{hint}', 'What members tell each other, by what became of it.'),
    invalidations: counter(
      'invalidations',
      '{scope}',
      'Scopes invalidated for all by this process, or here by others.',
    ),
    resyncs: counter('resyncs', '{read}', 'How often the store was read after a gap, or to make sure.'),
    reports: counter('reports', '{message}', 'Messages of this process with evidence of failures.'),
    probes: counter('probes', '{probe}', 'How often this process had the probe of a circuit.'),
    disconnections: counter('disconnections', '{disconnection}', 'How often the connection to the store was lost.'),
    storeErrors: counter('store_errors', '{error}', 'What the store did not do in time, or refused.'),
  }
}
