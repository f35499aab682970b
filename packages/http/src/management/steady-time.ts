/** The times that are shown for a service or a fleet. */
export type ShownTime =
  | 'circuitSince'
  | 'retryAt'
  | 'rampUntil'
  | 'freshUntil'
  | 'healthAt'
  | 'failedAt'
  | 'seenAt'
  | 'until'

/** Two readings of the same time differ by less than this, in milliseconds. */
const TOLERANCE_MS = 20

interface Shown {
  readonly at: number
  readonly iso: string
}

/**
 * Times as they were first shown. What is remembered is monotonic time; converted with the wall clock, which is read
 * each time, the same moment differs by a millisecond now and then, and a response would change while nothing happens.
 */
export class SteadyTimes {
  readonly #shown = new WeakMap<object, Partial<Record<ShownTime, Shown>>>()

  /** As ISO 8601. @param at milliseconds since the epoch */
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
