import type { CircuitView, ServiceView } from '@svcproxy/http'
import type { JSX } from 'preact'
import { formatTimeOfDay } from '../format.ts'
import { STATE_LABEL } from '../services.ts'
import { Threshold } from './circuit.tsx'
import { Line } from './fact.tsx'
import { LastFailure } from './last-failure.tsx'
import { Health } from './pills.tsx'
import { cacheState } from './service-numbers.tsx'
import { Age, Countdown } from './time.tsx'

/** Where a service stands right now. */
export function Standing({ service }: { readonly service: ServiceView }): JSX.Element {
  const { circuit, cache } = service
  return (
    <section class="panel" aria-labelledby="standing">
      <div class="panel-head">
        <h3 id="standing">Now</h3>
      </div>
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
      </dl>
      {service.lastFailure !== null && (
        <div class="last-error">
          <h4>Last error</h4>
          <LastFailure failure={service.lastFailure} />
        </div>
      )}
    </section>
  )
}

function CircuitLines({ circuit }: { readonly circuit: CircuitView }): JSX.Element {
  const { state, retryAt } = circuit
  return (
    <>
      <Line name={`${STATE_LABEL[state]} for`}>
        <Age at={circuit.since} />
      </Line>
      {retryAt !== null && (
        <Line name="Next">
          <Countdown to={retryAt} due="trial is due" />
        </Line>
      )}
      {state === 'isolated' && <Line name="Held by">{circuit.heldByOperator ? 'an operator' : 'the application'}</Line>}
      {(state === 'closed' || state === 'half_open') && (
        <Line name={state === 'closed' ? 'Consecutive failures' : 'Successful trials'}>
          <Threshold circuit={circuit} />
        </Line>
      )}
    </>
  )
}
