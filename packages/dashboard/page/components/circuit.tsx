import type { CircuitView, ServiceView } from '@svcproxy/http'
import type { JSX } from 'preact'
import { rateWords, stateOf, stateWords } from '../services.ts'
import { Under } from './fact.tsx'
import { StatePill } from './pills.tsx'
import { Count } from './service-numbers.tsx'
import { Age, Countdown } from './time.tsx'

/** Above this, only numbers are shown. */
const MOST_PIPS = 8

/** The state of a service's circuit, and what comes next. */
export function Circuit({ service }: { readonly service: ServiceView }): JSX.Element {
  const { circuit, stopped } = service
  return (
    <>
      <StatePill state={stateOf(service)} />
      <Under>{stopped ? 'stopped' : whatNext(circuit)}</Under>
      {circuit?.heldBy === 'fleet' && <Under>held by the fleet</Under>}
    </>
  )
}

function whatNext(circuit: CircuitView | null): JSX.Element | string {
  if (circuit === null) return 'deadlines only'
  if (stateOf({ circuit }) !== 'observing') {
    return (
      coming(circuit) ?? (
        <>
          for <Age at={circuit.since} />
        </>
      )
    )
  }
  return (
    <>
      rejects nothing
      {circuit.state !== 'closed' && <Under>{stateWords({ circuit })}</Under>}
      {circuit.wouldReject > 0 && (
        <Under>
          would reject <Count count={circuit.wouldReject} />
        </Under>
      )}
    </>
  )
}

/** A countdown, if there is something to wait for: the next trial, or the end of the ramp after a close. */
export function coming({ retryAt, openings, rampUntil }: CircuitView): JSX.Element | null {
  if (rampUntil !== null) return <Countdown to={rampUntil} what="ramp: all calls" due="all calls let through" />
  if (retryAt === null) return null
  return (
    <>
      <Countdown to={retryAt} what="trial" due="trial is due" />
      {openings > 1 && (
        <span class="under" title="Without a close in between">
          opened {openings}×
        </span>
      )}
    </>
  )
}

/** How close a circuit is to opening or, while half-open, to closing. */
export function Nearness({ circuit }: { readonly circuit: CircuitView | null }): JSX.Element {
  const trying = circuit?.state === 'half_open'
  if (circuit === null || !(trying || circuit.state === 'closed')) return <span class="zero">–</span>
  const { rates } = circuit
  return (
    <>
      {(trying || circuit.failureThreshold !== null || rates.length === 0) && <Threshold circuit={circuit} />}
      {rates.map((rate) => (
        <Rate key={rate.kind} rate={rate} />
      ))}
    </>
  )
}

/** Of a closed or half-open circuit: what it counts in a row. */
export function Threshold({ circuit }: { readonly circuit: CircuitView }): JSX.Element {
  const trying = circuit.state === 'half_open'
  const count = trying ? circuit.successfulTrials : circuit.consecutiveFailures
  const threshold = trying ? circuit.successThreshold : circuit.failureThreshold
  return (
    <span class="threshold" title={trying ? 'Successful trials that close it' : 'Consecutive failures that open it'}>
      {threshold !== null && threshold <= MOST_PIPS && (
        <Pips count={count} of={threshold} tone={trying ? 'good' : 'bad'} />
      )}
      <span class={count === 0 ? 'zero' : ''}>
        {count}/{threshold ?? '∞'}
        {trying && <span class="quiet"> trials</span>}
      </span>
    </span>
  )
}

function Pips(props: { readonly count: number; readonly of: number; readonly tone: 'good' | 'bad' }): JSX.Element {
  const { count, of, tone } = props
  return (
    <svg class={`pips-${tone}`} viewBox={`0 0 ${of * 7 - 2} 8`} width={of * 7 - 2} height="8" aria-hidden="true">
      {Array.from({ length: of }, (_, index) => (
        <rect key={index} class={index < count ? 'pip-on' : 'pip-off'} x={index * 7} width="5" height="8" rx="1.5" />
      ))}
    </svg>
  )
}

/** In pixels. */
const BAR_WIDTH = 54

type WindowRate = CircuitView['rates'][number]

/** The part of the calls in the window of a rule that were bad, as a bar with a mark where the circuit opens. */
export function Rate({ rate }: { readonly rate: WindowRate }): JSX.Element {
  const { part, limit, sentence } = rateWords(rate)
  return (
    <span class="threshold rate" title={sentence}>
      <svg
        class={rate.calls < rate.minimumCalls ? '' : 'pips-bad'}
        width={BAR_WIDTH}
        height="8"
        role="img"
        aria-label={sentence}
      >
        <path class="pip-off" d={`M0 0h${BAR_WIDTH}v8H0`} />
        <path class="pip-on" d={`M0 0h${rate.ratio * BAR_WIDTH}v8H0`} />
        <path class="rate-limit" d={`M${rate.threshold * BAR_WIDTH} 0v8`} />
      </svg>
      <span aria-hidden="true">
        {part}
        <span class="quiet">/{limit}</span>
      </span>
    </span>
  )
}
