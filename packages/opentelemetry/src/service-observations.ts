import type {
  Attributes,
  BatchObservableResult,
  Meter,
  ObservableCounter,
  ObservableGauge,
  ObservableUpDownCounter,
} from '@opentelemetry/api'
import type {
  CircuitState,
  CircuitStatus,
  RequestCounts,
  ServiceProxyManager,
  ServiceSettings,
  ServiceStatus,
} from '@svcproxy/core'
import { harmless } from './harmless.ts'
import { observedTogether } from './observed-together.ts'

/**
 * Makes a meter read the counts and the state of a manager's services, at each collection, until it is disposed.
 * Reading does not ask the services. A service that was removed is no longer read.
 */
export function observeServices<M extends object>(
  meter: Meter,
  manager: ServiceProxyManager<M>,
  attributes: Attributes,
): Disposable {
  const instruments = createInstruments(meter)
  const observeAll = (result: BatchObservableResult): void => {
    for (const service of manager.names) {
      harmless(() => {
        const proxy = manager.getProxy(service)
        const observation = { result, instruments, attributes: { ...attributes, 'svcproxy.service': service } }
        // The status first, because reading it may make an open circuit half-open.
        const status = proxy.getStatus()
        const counts = proxy.getCounts()
        observeCounts(observation, counts)
        observeStatus(observation, status, counts.circuitTransitions)
        observeWindows(observation, status, proxy.settings)
      })
    }
  }
  return observedTogether(meter, { ...instruments }, observeAll)
}

/** What is read for one service in one collection. */
interface Observation {
  readonly result: BatchObservableResult
  readonly instruments: Instruments
  /** The attributes of the service. */
  readonly attributes: Attributes
}

function observeCounts({ result, instruments, attributes }: Observation, counts: RequestCounts): void {
  result.observe(instruments.active, counts.inFlight, attributes)
  result.observe(instruments.queueLength, counts.queuedCalls, attributes)
  result.observe(instruments.abandonedCalls, counts.abandonedCalls, attributes)
  result.observe(instruments.abandonedLoads, counts.abandonedLoads, attributes)
  result.observe(instruments.fallbacks, counts.fallbacks, attributes)
  result.observe(instruments.invalidations, counts.invalidations, attributes)
  for (const [outcome, count] of Object.entries(counts.retries)) {
    result.observe(instruments.retries, count, { ...attributes, 'svcproxy.retry.outcome': outcome })
  }
  const cacheRequests = { hit: counts.cacheHits, miss: counts.cacheMisses, stale: counts.staleServed }
  for (const [found, count] of Object.entries(cacheRequests)) {
    result.observe(instruments.cacheRequests, count, { ...attributes, 'svcproxy.cache.result': found })
  }
  for (const [reason, count] of Object.entries(counts.rejections)) {
    result.observe(instruments.rejected, count, { ...attributes, 'svcproxy.rejection.reason': reason })
  }
}

function observeStatus(
  { result, instruments, attributes }: Observation,
  { circuit, health, retryBudget }: ServiceStatus,
  transitions: Readonly<Record<CircuitState, number>>,
): void {
  if (health !== undefined) result.observe(instruments.health, Number(health.healthy), attributes)
  if (retryBudget !== undefined) result.observe(instruments.retryBudget, retryBudget.remaining, attributes)
  if (circuit === undefined) return
  for (const [state, count] of Object.entries(transitions)) {
    const ofState = { ...attributes, 'svcproxy.circuit.state': state }
    result.observe(instruments.circuit, Number(state === circuit.state), ofState)
    result.observe(instruments.transitions, count, ofState)
  }
  for (const mode of MODES) {
    result.observe(instruments.mode, Number(mode === circuit.mode), { ...attributes, 'svcproxy.circuit.mode': mode })
  }
  result.observe(instruments.wouldReject, circuit.wouldReject, attributes)
}

/**
 * Reports a rule even if its window is empty because the circuit is not closed: the SDK would repeat the last value.
 */
function observeWindows(
  { result, instruments, attributes }: Observation,
  { circuit }: ServiceStatus,
  settings: ServiceSettings,
): void {
  if (circuit === undefined || settings.circuit === false) return
  const { failureRate, slowCalls } = settings.circuit
  for (const [kind, rule] of [
    ['failure', failureRate],
    ['slow', slowCalls],
  ] as const) {
    if (rule === undefined) continue
    const ratio = circuit.rates.find((rate) => rate.kind === kind)?.ratio ?? 0
    result.observe(instruments.windowRatio, ratio, { ...attributes, 'svcproxy.circuit.window.kind': kind })
  }
}

const MODES = ['enforce', 'observe'] as const satisfies readonly CircuitStatus['mode'][]

interface Instruments {
  readonly active: ObservableUpDownCounter
  readonly queueLength: ObservableUpDownCounter
  readonly abandonedCalls: ObservableUpDownCounter
  readonly abandonedLoads: ObservableUpDownCounter
  readonly retries: ObservableCounter
  readonly retryBudget: ObservableUpDownCounter
  readonly circuit: ObservableGauge
  readonly transitions: ObservableCounter
  readonly mode: ObservableGauge
  readonly wouldReject: ObservableCounter
  readonly windowRatio: ObservableGauge
  readonly rejected: ObservableCounter
  readonly cacheRequests: ObservableCounter
  readonly invalidations: ObservableCounter
  readonly fallbacks: ObservableCounter
  readonly health: ObservableGauge
}

function createInstruments(meter: Meter): Instruments {
  const counter = (name: string, unit: string, description: string): ObservableCounter =>
    meter.createObservableCounter(name, { unit, description })
  return {
    active: meter.createObservableUpDownCounter('svcproxy.call.active', {
      unit: '{call}',
      description: 'Calls in flight.',
    }),
    queueLength: meter.createObservableUpDownCounter('svcproxy.queue.length', {
      unit: '{call}',
      description: 'Calls that are queued because of maxConcurrentCalls.',
    }),
    abandonedCalls: meter.createObservableUpDownCounter('svcproxy.call.abandoned', {
      unit: '{call}',
      description: 'Calls that timed out or were aborted while their work is still running.',
    }),
    abandonedLoads: meter.createObservableUpDownCounter('svcproxy.load.abandoned', {
      unit: '{load}',
      description: 'Loads of an instance that timed out and are still pending.',
    }),
    retries: counter('svcproxy.retries', '{retry}', 'Retries by outcome.'),
    retryBudget: meter.createObservableUpDownCounter('svcproxy.retry_budget.remaining', {
      unit: '{retry}',
      description: 'Retries that the budget allows now.',
    }),
    circuit: meter.createObservableGauge('svcproxy.circuit.status', {
      unit: '1',
      description: 'The state of the circuit: 1 for the current state, 0 for the others.',
    }),
    transitions: counter('svcproxy.circuit.transitions', '{transition}', 'How often the circuit entered each state.'),
    mode: meter.createObservableGauge('svcproxy.circuit.mode', {
      unit: '1',
      description: 'The mode of the circuit: 1 for the current mode (enforce or observe), 0 for the other.',
    }),
    wouldReject: counter(
      'svcproxy.circuit.would_reject',
      '{call}',
      'Calls that the circuit would have rejected in mode enforce, while it observes.',
    ),
    windowRatio: meter.createObservableGauge('svcproxy.circuit.window.ratio', {
      unit: '1',
      description: 'The ratio of the latest calls that failed or were slow; 0 unless the circuit is closed.',
    }),
    rejected: counter('svcproxy.call.rejected', '{call}', 'Calls that were rejected before anything was sent.'),
    cacheRequests: counter('svcproxy.cache.requests', '{request}', 'Where calls found the instance of the service.'),
    invalidations: counter('svcproxy.cache.invalidations', '{invalidation}', 'Invalidations of the cached instance.'),
    fallbacks: counter('svcproxy.fallbacks', '{call}', 'Calls that a fallback answered.'),
    health: meter.createObservableGauge('svcproxy.health.status', {
      unit: '1',
      description: 'The result of the last health check: 1 healthy, 0 unhealthy.',
    }),
  }
}
