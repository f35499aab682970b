/** Something that was asked of a provider and may never end. */
export interface PieceOfWork {
  /** {@link Clock.now} */
  readonly startedAt: number
  /** Whether its deadline has passed without its end. */
  overdue: boolean
}

/** How long work may be pending before it is considered lost while nothing newer succeeds, in milliseconds. */
const LOST_AFTER_MS = 660_000

/**
 * The upper end of the scale of pauses, in milliseconds. It is longer than {@link LOST_AFTER_MS}, which cuts the last
 * pause, so that the other pauses are longer: at a deadline of 100 ms the third piece begins after 2.1 s, and so not
 * within an outage of 2 s.
 */
const LONGEST_PAUSE_MS = 900_000

/**
 * The work that is pending at a provider. Work that has passed its deadline cannot be stopped, only told to stop. It
 * blocks new work until the provider is seen to answer: when a piece that began later succeeds, it is written off.
 * Until then new pieces begin ever more rarely, and never more than `limit` are pending, so that nothing piles up at a
 * provider that hangs.
 */
export class PendingWork<P extends PieceOfWork> {
  readonly #limit: number
  readonly #timeoutMs: number
  /** The pieces that have neither ended nor been written off, in the order they began. Created with the first. */
  #pending: Set<P> | undefined
  /** The callers that wait until fewer are pending. */
  #waiting: (() => void)[] | undefined

  constructor(limit: number, timeoutMs: number) {
    this.#limit = limit
    this.#timeoutMs = timeoutMs
  }

  /**
   * When another piece may begin, given all that are overdue. The pauses grow evenly on a logarithmic scale from the
   * deadline to a quarter of an hour, so that they stay in proportion to the outage: with a limit of 4 and a deadline
   * of 5 s, a second piece may begin 5 s after the first, a third 28 s after it, a fourth 159 s after it.
   */
  get nextAt(): number {
    let count = 0
    let oldest: P | undefined
    for (const piece of this.#pending ?? []) {
      if (!piece.overdue) continue
      oldest ??= piece
      count++
    }
    if (oldest === undefined) return -Infinity
    const step = (count - 1) / (this.#limit - 1)
    const pauseMs = this.#timeoutMs * (LONGEST_PAUSE_MS / this.#timeoutMs) ** step
    return oldest.startedAt + Math.min(pauseMs, LOST_AFTER_MS)
  }

  /**
   * Begins a piece; call it when {@link PendingWork.nextAt} has passed. Returns false if the limit is reached although
   * none is overdue: then the piece has to wait for its turn.
   */
  begin(piece: P): boolean {
    const pending = (this.#pending ??= new Set())
    for (const other of pending) {
      if (other.overdue && piece.startedAt >= other.startedAt + LOST_AFTER_MS) this.ended(other)
    }
    if (pending.size >= this.#limit) return false
    pending.add(piece)
    return true
  }

  /** Resolves when fewer are pending. A caller that does not begin then has to pass its turn on. */
  turn(): Promise<void> {
    return new Promise((resolve) => (this.#waiting ??= []).push(resolve))
  }

  passOn(): void {
    this.#waiting?.shift()?.()
  }

  /** The piece succeeded, in time or late: the provider answers, so older pieces are written off. */
  succeeded(piece: P): void {
    // A piece that was itself written off is older than all that are left.
    if (this.#pending?.has(piece) !== true) return
    for (const other of this.#pending) {
      if (other === piece) return
      if (other.overdue) this.ended(other)
    }
  }

  /** The piece has ended, or is considered lost. */
  ended(piece: P): void {
    if (this.#pending?.delete(piece) === true) this.passOn()
  }
}
