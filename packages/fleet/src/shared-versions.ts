import type { FleetStore, Invalidated, Versions } from './store.ts'

/** The scope of all services. */
export const EVERYTHING = '*'

/**
 * How long a member repeats its own invalidation if the store has lost it, in milliseconds. After that all have read
 * it.
 */
const OWN_MS = 60_000

/**
 * The versions that this process has seen, and the invalidations that were not sent to the fleet yet. Whatever differs
 * is invalidated here. Tokens are compared for equality only, not for their order: a store that was restored with older
 * data has different tokens, too.
 */
export class SharedVersions {
  readonly #invalidate: (scope: string) => void
  readonly #now: () => number
  /** The recent invalidations of this process. */
  readonly #own = new Map<string, { readonly token: string; readonly at: number }>()
  #epoch: string | undefined
  #tokens = new Map<string, string>()
  /** Scopes, not calls, so that it cannot grow beyond the number of services. */
  #queued = new Set<string>()

  /**
   * @param invalidate invalidates a scope in this process
   * @param now the time in milliseconds
   */
  constructor(invalidate: (scope: string) => void, now: () => number) {
    this.#invalidate = invalidate
    this.#now = now
  }

  /** The number of invalidated scopes that were not sent to the fleet yet. */
  get queued(): number {
    return this.#queued.size
  }

  queue(scope: string): void {
    this.#queued.add(scope)
  }

  /** Sends what is queued. If that fails, it stays queued. */
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

  /**
   * A hint says that another member has invalidated something. Returns false if it belongs to another epoch: then the
   * store has to be read.
   */
  hinted(hint: Versions): boolean {
    if (this.#epoch !== undefined && this.#epoch !== hint.epoch) return false
    this.#epoch = hint.epoch
    this.#take(hint.tokens)
    return true
  }

  /** The store was read after a reconnection: it may have lost data in the meantime. */
  readAfterLoss(versions: Versions): void {
    this.#sayAgain(versions.tokens)
    this.read(versions)
  }

  /** The store was read. @returns how many scopes had been invalidated without a hint */
  read({ epoch, tokens }: Versions): number {
    const isLost = this.#epoch !== undefined && this.#epoch !== epoch
    const missing = [...this.#tokens.keys()].some((scope) => !Object.hasOwn(tokens, scope))
    if (!isLost && !missing) {
      this.#epoch = epoch
      return this.#take(tokens)
    }
    // The store has lost data, and maybe invalidations.
    this.#epoch = epoch
    this.#tokens = new Map(Object.entries(tokens))
    this.#invalidate(EVERYTHING)
    return 1
  }

  /** Its own tokens are known now. But another member may have invalidated the same scope just before. */
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
   * Queues invalidations of this process again if the store has come back with older data: members that have not heard
   * of them would not find them there. If the token differs because another member has invalidated since, repeating
   * does no harm.
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
