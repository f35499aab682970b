import type { FleetStore, Invalidated, Versions } from './store.ts'

/** The scope that stands for all services. */
export const EVERYTHING = '*'

/** For so long a member says an invalidation of its own again, if the store has lost it; in milliseconds. By then all have read it. */
const OWN_MS = 60_000

/**
 * The versions that this process has seen, and the invalidations that the fleet has not heard of yet. Whatever differs is
 * invalidated here, for a token is compared for being the same and never for its order: a store that came back with older
 * data has other tokens, too.
 */
export class SharedVersions {
  readonly #invalidate: (scope: string) => void
  readonly #now: () => number
  /** What this process has invalidated lately. */
  readonly #own = new Map<string, { readonly token: string; readonly at: number }>()
  #epoch: string | undefined
  #tokens = new Map<string, string>()
  /** Scopes, not calls: it cannot grow beyond the number of services. */
  #queued = new Set<string>()

  /**
   * @param invalidate has the services of a scope loaded anew, in this process
   * @param now in milliseconds
   */
  constructor(invalidate: (scope: string) => void, now: () => number) {
    this.#invalidate = invalidate
    this.#now = now
  }

  /** Scopes that were invalidated here and of which the fleet has not heard. */
  get queued(): number {
    return this.#queued.size
  }

  queue(scope: string): void {
    this.#queued.add(scope)
  }

  /** Tells the fleet what is queued. What cannot be told stays queued. */
  async flush(store: FleetStore, member: string): Promise<number> {
    const scopes = [...this.#queued]
    if (scopes.length === 0) return 0
    this.#queued = new Set()
    try {
      this.#told(await store.invalidate(member, scopes))
      return scopes.length
    } catch (error) {
      for (const scope of scopes) this.#queued.add(scope)
      throw error
    }
  }

  /** Another member says that it has invalidated something. False: it speaks of another table, and the store is to be read. */
  hinted(hint: Versions): boolean {
    if (this.#epoch !== undefined && this.#epoch !== hint.epoch) return false
    this.#epoch = hint.epoch
    this.#take(hint.tokens)
    return true
  }

  /** The connection came back, and the store has been read: it may have lost something meanwhile. */
  readAfterLoss(versions: Versions): void {
    this.#sayAgain(versions.tokens)
    this.read(versions)
  }

  /** The store has been read. @returns how many scopes were invalidated that nobody had told of */
  read({ epoch, tokens }: Versions): number {
    const isLost = this.#epoch !== undefined && this.#epoch !== epoch
    const missing = [...this.#tokens.keys()].some((scope) => !Object.hasOwn(tokens, scope))
    if (!isLost && !missing) {
      this.#epoch = epoch
      return this.#take(tokens)
    }
    // Whatever happened to the store may have taken invalidations with it.
    this.#epoch = epoch
    this.#tokens = new Map(Object.entries(tokens))
    this.#invalidate(EVERYTHING)
    return 1
  }

  /** The tokens of its own invalidations are known; but somebody else may have invalidated the same just before. */
  #told({ epoch, tokens, previous }: Invalidated): void {
    if (this.#epoch !== undefined && this.#epoch !== epoch) {
      this.#tokens = new Map()
      this.#invalidate(EVERYTHING)
    }
    this.#epoch = epoch
    for (const [scope, token] of Object.entries(tokens)) {
      const before = Object.hasOwn(previous, scope) ? previous[scope] : undefined
      if (this.#tokens.get(scope) !== before) this.#invalidate(scope)
      this.#tokens.set(scope, token)
      this.#own.set(scope, { token, at: this.#now() })
    }
  }

  /**
   * The store came back with data from before an invalidation of this process: who has not heard of it finds nothing new
   * there. It is the same if somebody else has invalidated since; to say it again then does no harm.
   */
  #sayAgain(tokens: Versions['tokens']): void {
    for (const [scope, { token, at }] of this.#own) {
      const isLate = this.#now() - at > OWN_MS
      const isLost = this.#tokens.get(scope) === token && tokens[scope] !== token
      if (!isLate && isLost) this.#queued.add(scope)
      if (isLate || isLost) this.#own.delete(scope)
    }
  }

  #take(tokens: Versions['tokens']): number {
    let differing = 0
    for (const [scope, token] of Object.entries(tokens)) {
      if (this.#tokens.get(scope) === token) continue
      this.#tokens.set(scope, token)
      this.#invalidate(scope)
      differing++
    }
    return differing
  }
}
