/** The points in time that are shown of a service, or of a fleet. */
export type ShownTime =
  | 'circuitSince'
  | 'retryAt'
  | 'rampUntil'
  | 'freshUntil'
  | 'healthAt'
  | 'failedAt'
  | 'seenAt'
  | 'until'

/** Two readings of one point in time differ by less, in milliseconds. */
const TOLERANCE_MS = 20

interface Shown {
  readonly at: number
  readonly iso: string
}

/**
 * Points in time as they were first shown. What is remembered is monotonic; by the wall clock, which is asked anew each
 * time, the same moment comes out a millisecond earlier or later, and an answer would change while nothing happens.
 */
export class SteadyTimes {
  readonly #shown = new WeakMap<object, Partial<Record<ShownTime, Shown>>>()

  /** ISO 8601. @param at milliseconds since the epoch */
  iso(owner: object, which: ShownTime, at: number): string {
    const times = this.#shown.get(owner) ?? {}
    const shown = times[which]
    if (shown !== undefined && Math.abs(at - shown.at) < TOLERANCE_MS) return shown.iso
    const iso = new Date(at).toISOString()
    times[which] = { at, iso }
    this.#shown.set(owner, times)
    return iso
  }
}
