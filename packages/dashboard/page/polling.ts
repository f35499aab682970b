import type { Clock, Timer } from '@svcproxy/core'
import type { Snapshot } from '@svcproxy/http'
import type { Refusal, SnapshotAnswer } from './api.ts'
import { createReaching, type Load } from './reaching.ts'

// One snapshot in a closed loop: the next is asked for a while after the previous one came, so a slow process is never
// asked twice at once, and a page that nobody looks at asks nothing.

/** Between the end of a poll and the next, in milliseconds. */
const PAUSE_MS = 2_000
/** As {@link PAUSE_MS}, while the process refuses: a reader who signs in elsewhere need not press a button. */
const REFUSED_PAUSE_MS = 15_000
/** After this long without an answer a poll has failed, in milliseconds. */
const PATIENCE_MS = 10_000
/** A snapshot that was not confirmed for this long is said to be old, in milliseconds. */
const STALE_AFTER_MS = 10_000
/** No snapshot is as old as this when it comes, in milliseconds. */
const CLOCK_SET_MS = 5_000

/** What the page knows. */
export interface Feed {
  /** The newest; null before the first. */
  readonly snapshot: Snapshot | null
  /** When the process last said that it is current, by {@link Clock.wallNow}; null before the first. */
  readonly seenAt: number | null
  /** How far the process's clock is ahead of the page's, in milliseconds. */
  readonly clockAheadMs: number
  /** Why the last poll brought nothing; null when it did. */
  readonly refusal: Refusal | null
  /** Whether polling is paused because the page is not visible. */
  readonly paused: boolean
  /** It should have been confirmed by now, and was not. */
  readonly stale: boolean
  /** The ids of the other processes that have answered in the last minute. */
  readonly others: readonly string[]
}

/** What the loop needs from outside. */
export interface PollingParts {
  readonly clock: Clock
  readonly load: Load
  readonly onChange: (feed: Feed) => void
}

/** The loop. */
export interface Polling {
  /** Asks now, and goes on. */
  resume(): void
  /** Stops polling until {@link Polling.resume}; a poll in flight is aborted. */
  pause(): void
  /** Polls now: after an action, or on request. Aborts a poll in flight, whose answer may be from before the action. */
  refresh(): void
  /** Shows another process, as soon as it answers. */
  show(instance: string): void
}

/** What a page knows that has just been opened. */
export const NOTHING: Feed = {
  snapshot: null,
  seenAt: null,
  clockAheadMs: 0,
  refusal: null,
  paused: false,
  stale: false,
  others: [],
}

/** Asks nothing before {@link Polling.resume}. */
export function createPolling({ clock, load, onChange }: PollingParts): Polling {
  let feed = NOTHING
  let etag: string | null = null
  let underWay: AbortController | undefined
  let next: Timer | undefined
  let staleness: Timer | undefined
  const reaching = createReaching(load, clock)

  const change = (part: Partial<Feed>): void => {
    feed = { ...feed, ...part }
    onChange(feed)
  }

  const giveUp = (): void => {
    underWay?.abort()
    underWay = undefined
    next?.cancel()
  }

  const poll = async (wanted: string | null = null): Promise<void> => {
    giveUp()
    const controller = (underWay = new AbortController())
    const patience = clock.setTimer(() => controller.abort(), PATIENCE_MS)
    const { snapshot, stale } = feed
    const shown = { instance: snapshot?.instance.id ?? null, etag, stale }
    const answer = await reaching.ask(shown, wanted, controller.signal)
    patience.cancel()
    if (underWay !== controller) return
    underWay = undefined
    receive(answer)
    next = clock.setTimer(() => void poll(), pauseAfter(snapshot === null))
  }

  /** The second poll follows at once: that others answer, too, is known before the reader looks. */
  const pauseAfter = (first: boolean): number => {
    if (isLocked(feed.refusal)) return REFUSED_PAUSE_MS
    return first && feed.snapshot !== null ? 0 : PAUSE_MS
  }

  const receive = (answer: SnapshotAnswer): void => {
    if (answer.kind === 'elsewhere') {
      change({ others: othersNow() })
    } else if (answer.kind === 'refused') {
      // Without the permission, nothing is shown any more, not even the last snapshot.
      if (isLocked(answer.reason)) etag = null
      change(isLocked(answer.reason) ? { ...NOTHING, refusal: answer.reason } : { refusal: answer.reason })
    } else {
      if (answer.kind === 'snapshot') take(answer.snapshot, answer.etag)
      watchAge()
      change({ seenAt: clock.wallNow(), refusal: null, stale: false, others: othersNow() })
    }
  }

  const take = (snapshot: Snapshot, tag: string | null): void => {
    etag = tag
    const aheadMs = Date.parse(snapshot.at) - clock.wallNow()
    const isOlder = isOlderThanShown(snapshot, aheadMs)
    feed = { ...feed, snapshot, clockAheadMs: isOlder ? feed.clockAheadMs : aheadMs }
  }

  /**
   * A snapshot that was made for somebody else is a little old: the one that says most is the newest. Unless a clock was
   * set, or it is another process's.
   */
  const isOlderThanShown = ({ instance }: Snapshot, aheadMs: number): boolean => {
    const { snapshot, clockAheadMs } = feed
    if (snapshot?.instance.id !== instance.id) return false
    return aheadMs < clockAheadMs && aheadMs > clockAheadMs - CLOCK_SET_MS
  }

  const othersNow = (): string[] => reaching.othersThan(feed.snapshot?.instance.id ?? null)

  const watchAge = (): void => {
    staleness?.cancel()
    staleness = clock.setTimer(() => change({ stale: feed.snapshot !== null }), STALE_AFTER_MS)
  }

  return {
    resume() {
      // A snapshot that aged while the page was hidden gets its full time again: it is about to be confirmed.
      watchAge()
      change({ paused: false })
      void poll()
    },
    pause() {
      giveUp()
      staleness?.cancel()
      change({ paused: true })
    },
    refresh() {
      if (!feed.paused) void poll()
    },
    show(instance) {
      void poll(instance)
    },
  }
}

function isLocked(refusal: Refusal | null): boolean {
  return refusal === 'unauthenticated' || refusal === 'forbidden'
}
