import type { Kind } from './kinds.ts'
import type { Ends } from './tally.ts'

/** The least that has to succeed in a well phase. */
const REQUIRED_SHARE = 0.95
/** The least that has to be answered where nothing is wrong; on a busy machine, too, far from what a circuit would do. */
const MOSTLY = 0.5
/** Calls in a well phase below which its share says nothing: the load was not there. */
const MIN_CALLS = 20

/** Trials may go beyond the places of a proxy; requests that were cancelled may be seen a moment longer. */
const TRIALS = 1
const ON_THEIR_WAY = 2

/** One thing that has to hold. */
export interface Check {
  readonly name: string
  readonly ok: boolean
  /** What was found. */
  readonly detail: string
}

/** The calls of one proxy around one trouble. */
export interface Passage {
  readonly trouble: string
  readonly kind: string
  readonly during: Ends
  /** Begun within the grace after its end. */
  readonly recovering: Ends
  /** Begun after that. */
  readonly after: Ends
}

/** How many of those who waited for an answer got one: 0 … 1, or undefined when nobody waited. */
export function shareOf(...windows: readonly Ends[]): number | undefined {
  const answered = sumOf(windows, (ends) => ends.of('answered', 'not found'))
  const waited = sumOf(windows, (ends) => ends.begun - ends.of('left'))
  return waited === 0 ? undefined : answered / waited
}

export function sumOf(windows: readonly Ends[], count: (ends: Ends) => number): number {
  return windows.reduce((sum, ends) => sum + count(ends), 0)
}

/** What a passage did wrong; undefined when nothing. */
export function fault({ trouble, during, after }: Passage): string | undefined {
  if (after.begun < MIN_CALLS) return `only ${after.begun} calls were made after it`
  if ((shareOf(after) ?? 0) < REQUIRED_SHARE) return 'it outlived its outage'
  // That there is no such record is an answer.
  if (trouble === 'not found' && (shareOf(during) ?? 0) < MOSTLY) return 'answers were taken for failures'
  return undefined
}

/**
 * How many requests of a proxy may be under way at once in a service that hangs for `troubleMs`. What was cancelled is
 * gone; what cannot be cancelled stays, and each trial that looks whether the service answers again adds one to it.
 */
export function allowedAtOnce(
  { manner, breaker }: Pick<Kind, 'manner' | 'breaker'>,
  { places, troubleMs, recoveryMs }: { places: number; troubleMs: number; recoveryMs: number },
): number {
  const atOnce = places + TRIALS + ON_THEIR_WAY
  if (manner === 'cancels') return atOnce
  // Without a circuit the pauses between trials are a matter of chance: a third of the recovery time is a lot of them.
  const paceMs = breaker === 'none' ? recoveryMs / 3 : recoveryMs
  return atOnce + Math.ceil(troubleMs / paceMs)
}

/** `name: detail` of those that failed. */
export function failuresOf(checks: readonly Check[]): string[] {
  return checks.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`)
}
