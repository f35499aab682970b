import { Invalidations } from './instances.ts'

/** An invalidation in a random history. */
interface Told {
  readonly scope: string
  /** The process that it was asked of. */
  readonly author: object
  readonly at: number
}

/**
 * What was invalidated since all was well the last time, and what of it all processes should know when all is well again:
 * everything but what only a process knew that has died. That is what it had not told yet; and what it had told a Redis that
 * has lost its data since, for then its author has to say it again.
 */
export class History {
  readonly #told: Told[] = []
  readonly #dead = new Set<object>()
  readonly #diedUntold = new Set<object>()
  #lastLossAt = -Infinity

  invalidated(author: object, scope: string, at: number): void {
    this.#told.push({ author, scope, at })
  }

  /** @param hadUntold something that it had invalidated was still to be told */
  died(author: object, hadUntold: boolean): void {
    this.#dead.add(author)
    if (hadUntold) this.#diedUntold.add(author)
  }

  /** Redis began without something that it had been told before then. */
  lost(at: number): void {
    this.#lastLossAt = at
  }

  /** How many invalidations nobody can be expected to know. */
  get forgiven(): number {
    return this.#told.filter((told) => this.#isForgiven(told)).length
  }

  required(services: readonly string[]): Invalidations {
    const invalidations = new Invalidations(services)
    for (const told of this.#told) if (!this.#isForgiven(told)) invalidations.add(told.scope, told.at)
    return invalidations
  }

  #isForgiven({ author, at }: Told): boolean {
    return this.#diedUntold.has(author) || (this.#dead.has(author) && at < this.#lastLossAt)
  }
}
