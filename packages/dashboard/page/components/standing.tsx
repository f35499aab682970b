import type { CircuitView, ServiceView } from '@svcproxy/http'
import type { JSX } from 'preact'
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

/** Where a service stands right now. */
export function Standing({ service }: { readonly service: ServiceView }): JSX.Element {
  const { circuit, cache } = service
  return (
    <Panel id="standing" title="Now">
      <dl class="lines">
        {circuit !== null && <CircuitLines circuit={circuit} />}
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

function CircuitLines({ circuit }: { readonly circuit: CircuitView }): JSX.Element {
  const { state, mode, wouldReject, failureThreshold, rates } = circuit
  const next = stateOf({ circuit }) === 'observing' ? null : coming(circuit)
  const counted = state === 'half_open' ? 'Successful trials' : 'Consecutive failures'
  return (
    <>
      <Line name={`${stateWords({ circuit })} for`}>
        <Age at={circuit.since} />
      </Line>
      {mode === 'observe' && (
        <Line name="Would have refused">
          <Count count={wouldReject} />
          {state !== 'isolated' && <Under>refuses nothing</Under>}
        </Line>
      )}
      {next !== null && <Line name="Next">{next}</Line>}
      {state === 'isolated' && <Line name="Held by">{circuit.heldByOperator ? 'an operator' : 'the application'}</Line>}
      {(state === 'half_open' || (state === 'closed' && failureThreshold !== null)) && (
        <Line name={counted}>
          <Threshold circuit={circuit} />
        </Line>
      )}
      {rates.map((rate) => (
        <Line key={rate.kind} name={`Last ${rate.calls} calls`}>
          <Rate rate={rate} />
          {rate.calls < rate.minimumCalls && <Under>counts from {rate.minimumCalls} calls on</Under>}
        </Line>
      ))}
    </>
  )
}
