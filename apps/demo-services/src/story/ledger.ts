export type Side = 'standard' | 'proxied'

/** The response to one request. */
export interface Answer {
  readonly side: Side
  readonly path: string
  /** 0: there was no response. */
  readonly status: number
  /** The header as it was sent. */
  readonly retryAfter: string | undefined
  /** Whether the body says that it is the last known list. */
  readonly lastKnown: boolean
  readonly durationMs: number
}

/** `refused`: rejected without trying, with a Retry-After for the client. */
export type AnswerKind = 'live' | 'lastKnown' | 'refused' | 'failed'

export type Tally = Record<AnswerKind, number> & {
  requests: number
  longestMs: number
  /** All requests together. */
  waitedMs: number
}

export function kindOf({ status, lastKnown, retryAfter }: Answer): AnswerKind {
  if (status >= 200 && status < 300) return lastKnown ? 'lastKnown' : 'live'
  return status === 503 && retryAfter !== undefined ? 'refused' : 'failed'
}

/** Counts the requests to one side and its responses. */
export class Ledger {
  readonly total: Tally = emptyTally()
  #recent: Tally = emptyTally()
  readonly #waitingSince = new Set<number>()
  mostWaiting = 0

  /** A request is sent. Returns the function to call with its response. */
  begin(at: number): (answer: Answer) => void {
    const ticket = at + Math.random() * 1e-6 // unique, even for requests at the same time
    this.#waitingSince.add(ticket)
    this.mostWaiting = Math.max(this.mostWaiting, this.waiting)
    return (answer) => {
      this.#waitingSince.delete(ticket)
      for (const tally of [this.total, this.#recent]) count(tally, answer)
    }
  }

  /** Requests without an answer yet. */
  get waiting(): number {
    return this.#waitingSince.size
  }

  /** The responses since the last call; requests that are still waiting count with their waiting time so far. */
  takeRecent(now: number): Tally {
    const recent = this.#recent
    this.#recent = emptyTally()
    for (const since of this.#waitingSince) recent.longestMs = Math.max(recent.longestMs, now - since)
    return recent
  }
}

/** Adds the counts of `more` to `tally`. */
export function addTo(tally: Tally, more: Tally): void {
  for (const kind of ['requests', 'live', 'lastKnown', 'refused', 'failed', 'waitedMs'] as const)
    tally[kind] += more[kind]
  tally.longestMs = Math.max(tally.longestMs, more.longestMs)
}

export function emptyTally(): Tally {
  return { requests: 0, live: 0, lastKnown: 0, refused: 0, failed: 0, longestMs: 0, waitedMs: 0 }
}

function count(tally: Tally, answer: Answer): void {
  tally.requests++
  tally[kindOf(answer)]++
  tally.longestMs = Math.max(tally.longestMs, answer.durationMs)
  tally.waitedMs += answer.durationMs
}
