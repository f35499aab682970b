import type { CircuitRow as Circuit } from './answers.ts'
import { plainText } from './plain-text.ts'
import { countText, untilText } from './quantities.ts'

type Rate = Circuit['rates'][number]

/** Whether it rejects nothing in any state; false while it is isolated, because an isolation still rejects calls. */
export function isObserving({ mode, state }: Circuit): boolean {
  return mode === 'observe' && state !== 'isolated'
}

/** A state in words: `half-open`. */
export function stateText(state: string): string {
  return state.replace('_', '-')
}

/** How close the circuit is to opening, by the rule that is closest: `2/5`, `34/50%`, `8/20% slow`. */
export function nearestRule({ consecutiveFailures, failureThreshold, rates }: Circuit): {
  text: string
  isBad: boolean
} {
  const inARow = {
    nearness: failureThreshold === null ? -1 : consecutiveFailures / failureThreshold,
    text: `${countText(consecutiveFailures)}/${failureThreshold === null ? '∞' : countText(failureThreshold)}`,
    isBad: consecutiveFailures > 0,
  }
  const windows = rates.map((rate) => ({
    nearness: nearness(rate),
    text: `${percent(rate.ratio)}/${percent(rate.threshold)}%${rate.kind === 'slow' ? ' slow' : ''}`,
    isBad: rate.bad > 0,
  }))
  return windows.reduce((nearest, rule) => (rule.nearness > nearest.nearness ? rule : nearest), inARow)
}

/** The most important fact that is not in the other columns; undefined: none. @param now by the clock of the server */
export function noteText(circuit: Circuit, now: number): string | undefined {
  if (isObserving(circuit)) return `would reject ${countText(circuit.wouldReject)}`
  const notes = [heldByText(circuit), nextText(circuit, now)].filter((note) => note !== undefined)
  return notes.length === 0 ? undefined : notes.join(', ')
}

function nextText({ openings, retryAt, rampUntil }: Circuit, now: number): string | undefined {
  if (rampUntil !== null) return `ramp ${untilText(rampUntil, now)}`
  const times = openings > 1 ? ` ×${countText(openings)}` : ''
  if (retryAt !== null) return `trial ${untilText(retryAt, now)}${times}`
  return openings > 1 ? `opened${times}` : undefined
}

/** Undefined: it is not held for several processes. */
function heldByText({ heldBy }: Circuit): string | undefined {
  return heldBy === null || heldBy === undefined ? undefined : `held by the ${plainText(heldBy)}`
}

/** Describes the circuit, one fact per line. @param now by the clock of the server */
export function circuitLines(circuit: Circuit, now: number): string[] {
  const { state, mode, wouldReject, openings, heldByOperator, rates } = circuit
  return [
    isObserving(circuit)
      ? `only observes and rejects nothing; it would be ${stateText(state)}`
      : comingText(circuit, now),
    mode === 'observe' ? `would have rejected ${countText(wouldReject)} calls` : '',
    heldByOperator ? 'held open by an operator' : '',
    heldByText(circuit) ?? '',
    openings > 1 ? `opened ${countText(openings)} times without a close in between` : '',
    ...rates.map(rateText),
  ].filter((line) => line !== '')
}

/** The next change and its time. */
function comingText({ retryAt, rampUntil }: Circuit, now: number): string {
  if (retryAt !== null) return `next trial in ${untilText(retryAt, now)}`
  return rampUntil === null ? '' : `ramping up; admits all calls in ${untilText(rampUntil, now)}`
}

/** Both are needed: enough calls, and enough bad ones among them. */
function nearness({ ratio, threshold, calls, minimumCalls }: Rate): number {
  return Math.min(ratio / threshold, calls / minimumCalls)
}

function rateText({ kind, ratio, calls, threshold, minimumCalls }: Rate): string {
  const what = kind === 'slow' ? 'slow' : 'failed'
  return `${what} ${percent(ratio)}% of ${countText(calls)} calls; opens at ${percent(threshold)}% of ${countText(minimumCalls)} or more`
}

/** Without the percent sign: `34`, `0.5`. */
function percent(part: number): string {
  return String(Math.round(part * 1_000) / 10)
}
