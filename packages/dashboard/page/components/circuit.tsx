import type { CircuitView, ServiceView } from '@svcproxy/http'
import type { JSX } from 'preact'
import { stateOf } from '../services.ts'
import { StatePill } from './pills.tsx'
import { Age, Countdown } from './time.tsx'

/** More than so many are told in numbers alone. */
const MOST_PIPS = 8

/** The state of a service's circuit, and what comes next. */
export function Circuit({ service }: { readonly service: ServiceView }): JSX.Element {
  return (
    <>
      <StatePill state={stateOf(service)} />
      <span class="under">{service.stopped ? 'stopped' : <WhatNext circuit={service.circuit} />}</span>
    </>
  )
}

function WhatNext({ circuit }: { readonly circuit: CircuitView | null }): JSX.Element {
  if (circuit === null) return <>deadlines only</>
  if (circuit.retryAt !== null) return <Countdown to={circuit.retryAt} due="trial is due" />
  return (
    <>
      for <Age at={circuit.since} />
    </>
  )
}

/** How near a circuit is to opening or, while it tries, to closing. */
export function Threshold({ circuit }: { readonly circuit: CircuitView | null }): JSX.Element {
  if (circuit === null || circuit.state === 'open' || circuit.state === 'isolated') return <span class="zero">–</span>
  const trying = circuit.state === 'half_open'
  const count = trying ? circuit.successfulTrials : circuit.consecutiveFailures
  const threshold = trying ? circuit.successThreshold : circuit.failureThreshold
  return (
    <span class="threshold" title={trying ? 'Successful trials that close it' : 'Consecutive failures that open it'}>
      {threshold <= MOST_PIPS && <Pips count={count} of={threshold} tone={trying ? 'good' : 'bad'} />}
      <span class={count === 0 ? 'zero' : ''}>
        {count}/{threshold}
        {trying && <span class="quiet"> trials</span>}
      </span>
    </span>
  )
}

function Pips(props: { readonly count: number; readonly of: number; readonly tone: 'good' | 'bad' }): JSX.Element {
  const { count, of, tone } = props
  return (
    <svg class={`pips pips-${tone}`} viewBox={`0 0 ${of * 7 - 2} 8`} width={of * 7 - 2} height="8" aria-hidden="true">
      {Array.from({ length: of }, (_, index) => (
        <rect key={index} class={index < count ? 'pip-on' : 'pip-off'} x={index * 7} width="5" height="8" rx="1.5" />
      ))}
    </svg>
  )
}
