/** Something that was asked of a provider and may never end. */
export interface PieceOfWork {
  /** {@link Clock.now} */
  readonly startedAt: number
  /** Its deadline passed, and it has not ended. */
  overdue: boolean
}

/** How long a piece may be pending before it is given up for lost while nothing younger succeeds, in milliseconds. */
const LOST_AFTER_MS = 660_000

/**
 * Where the scale of the pauses ends, in milliseconds. It is longer than {@link LOST_AFTER_MS}, which cuts the last pause, so
 * that the others are longer: at a deadline of 100 ms the third piece begins after 2.1 s, and not within an outage of 2 s.
 */
const LONGEST_PAUSE_MS = 900_000

/**
 * What is pending at a provider. Work that overran its deadline cannot be stopped, only told to; it holds others back until
 * the provider is seen to answer: a piece that began after it and succeeds writes it off. Until then others begin ever more
 * rarely, and never more than `limit` are pending, so that a provider that hangs piles nothing up.
 */
export class PendingWork<P extends PieceOfWork> {
  readonly #limit: number
  readonly #timeoutMs: number
  /** In the order they began: those not yet ended and not written off. Made with the first. */
  #pending: Set<P> | undefined
  /** Those that wait until fewer are pending. */
  #waiting: (() => void)[] | undefined

  constructor(limit: number, timeoutMs: number) {
    this.#limit = limit
    this.#timeoutMs = timeoutMs
  }

  /**
   * When another piece may begin, for all that is overdue. The pauses grow evenly on a logarithmic scale from the deadline
   * to a quarter of an hour, so that they stay in proportion to the outage: with a limit of 4 and a deadline of 5 s a second
   * piece may begin 5 s after the first did, a third 28 s after it, a fourth 159 s.
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
   * Begins a piece; {@link PendingWork.nextAt} has passed. False when as many are pending as may be, though not overdue:
   * it has to wait for its turn.
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

  /** Resolves when fewer are pending. Who does not begin then has to pass its turn on. */
  turn(): Promise<void> {
    return new Promise((resolve) => (this.#waiting ??= []).push(resolve))
  }

  passOn(): void {
    this.#waiting?.shift()?.()
  }

  /** It brought what it was to bring, in time or late: the provider answers, whatever became of the older ones. */
  succeeded(piece: P): void {
    // One that was itself written off is older than all that are left.
    if (this.#pending?.has(piece) !== true) return
    for (const other of this.#pending) {
      if (other === piece) return
      if (other.overdue) this.ended(other)
    }
  }

  /** It has ended, or is given up for lost. */
  ended(piece: P): void {
    if (this.#pending?.delete(piece) === true) this.passOn()
  }
}
