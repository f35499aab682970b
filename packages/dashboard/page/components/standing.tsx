import type { CircuitView, FleetView, ServiceView } from '@svcproxy/http'
import type { JSX } from 'preact'
import { proberOf } from '../fleet.ts'
import { formatTimeOfDay } from '../format.ts'
import { stateOf, stateWords } from '../services.ts'
import { CallLines } from './calls.tsx'
import { coming, Rate, Threshold } from './circuit.tsx'
import { Line, Under } from './fact.tsx'
import { LastFailure } from './last-failure.tsx'
import { Panel } from './panel.tsx'
import { Health } from './pills.tsx'
import { cacheState, Count } from './service-numbers.tsx'
import { Age } from './time.tsx'

/** The current state of a service. */
export function Standing(props: { readonly service: ServiceView; readonly fleet: FleetView | null }): JSX.Element {
  const { service, fleet } = props
  const { circuit, cache } = service
  return (
    <Panel id="standing" title="Now">
      <dl class="lines">
        {circuit !== null && <CircuitLines name={service.name} circuit={circuit} fleet={fleet} />}
        <Line name="Health">
          <Health health={service.health} />
        </Line>
        <Line name="Cache">
          {cacheState(service)}
          {cache.freshUntil !== null && (
            <span class="quiet"> until {formatTimeOfDay(Date.parse(cache.freshUntil))}</span>
          )}
        </Line>
        <CallLines service={service} />
      </dl>
      {service.lastFailure !== null && (
        <div class="last-error">
          <h4>Last error</h4>
          <LastFailure failure={service.lastFailure} />
        </div>
      )}
    </Panel>
  )
}

function CircuitLines(props: {
  readonly name: string
  readonly circuit: CircuitView
  readonly fleet: FleetView | null
}): JSX.Element {
  const { name, circuit, fleet } = props
  const { state, mode, wouldReject, failureThreshold, rates, heldBy } = circuit
  const holder = holderOf(circuit)
  const next = stateOf({ circuit }) === 'observing' ? null : coming(circuit)
  const counted = state === 'half_open' ? 'Successful trials' : 'Consecutive failures'
  return (
    <>
      <Line name={`${stateWords({ circuit })} for`}>
        <Age at={circuit.since} />
      </Line>
      {mode === 'observe' && (
        <Line name="Would have rejected">
          <Count count={wouldReject} />
          {state !== 'isolated' && <Under>rejects nothing</Under>}
        </Line>
      )}
      {next !== null && <Line name="Next">{next}</Line>}
      {holder !== null && <Line name="Held open by">{holder}</Line>}
      {heldBy === 'fleet' && fleet !== null && <Line name="Probed by">{proberOf(fleet, name)}</Line>}
      {(state === 'half_open' || (state === 'closed' && failureThreshold !== null)) && (
        <Line name={counted}>
          <Threshold circuit={circuit} />
        </Line>
      )}
      {rates.map((rate) => (
        <Line key={rate.kind} name={`Last ${rate.calls} calls`}>
          <Rate rate={rate} />
          {rate.calls < rate.minimumCalls && <Under>needs {rate.minimumCalls} calls</Under>}
        </Line>
      ))}
    </>
  )
}

/** Null: nobody holds it open. */
function holderOf({ state, heldBy, heldByOperator }: CircuitView): string | null {
  if (state === 'isolated') return heldByOperator ? 'an operator' : 'the application'
  return state === 'open' && heldBy === 'fleet' ? 'the fleet' : null
}
