import type { Clock } from '@svcproxy/core'
import type { SnapshotAnswer, SnapshotRequest } from './api.ts'
import { persist, triesAmong } from './persist.ts'

// Behind a load balancer any process may answer. The page stays with the one that it shows.

/** How often the process that is shown is asked for in one poll, at least, and one that the reader wants to see instead. */
const TRIES = 8
const WANTED_TRIES = 20
/** Another process is forgotten if it has not answered for this long, in milliseconds. */
const REMEMBERED_MS = 60_000

/** Asks for a snapshot once. Never rejects. */
export type Load = (asked: SnapshotRequest, signal: AbortSignal) => Promise<SnapshotAnswer>

/** What the page shows: its process, null before the first; and whether it is old. */
type Shown = SnapshotRequest & { readonly stale: boolean }

/** Reaches the requested process among those that answer, and remembers the others. */
export interface Reaching {
  /**
   * Asks the process that is shown; any process, if that one is gone.
   * @param wanted is asked first, to be shown instead; null: none is
   */
  ask(shown: Shown, wanted: string | null, signal: AbortSignal): Promise<SnapshotAnswer>
  /** The ids of the processes that have answered in the last minute, those that were met first before others, but for the one that is shown. */
  othersThan(shown: string | null): string[]
}

export function createReaching(load: Load, clock: Clock): Reaching {
  /** When the others answered last, by their ids. */
  const met = new Map<string, number>()

  const othersThan = (shown: string | null): string[] => {
    const since = clock.now() - REMEMBERED_MS
    for (const [instance, at] of met) if (at < since || instance === shown) met.delete(instance)
    return [...met.keys()]
  }

  return {
    othersThan,
    async ask(shown, wanted, signal) {
      const answering = new Set<string>()
      const otherIn = (answer: SnapshotAnswer): string | null => {
        if (answer.kind !== 'elsewhere') return null
        answering.add(answer.instance)
        met.set(answer.instance, clock.now())
        return answer.instance
      }
      if (wanted !== null) {
        const tries = triesAmong(met.size, WANTED_TRIES)
        const answer = await persist(tries, () => load({ instance: wanted, etag: null }, signal), otherIn)
        if (answer.kind !== 'elsewhere') return answer
        met.delete(wanted)
      }
      const known = othersThan(shown.instance)
      const answer = await persist(triesAmong(known.length, TRIES), () => load(shown, signal), otherIn)
      if (answer.kind !== 'elsewhere') return answer
      // Only one answers, and nobody has heard of it before: the process was restarted. One that was there before may be
      // what the balancer gives by chance.
      const isRestart = answering.size === 1 && !known.includes(answer.instance)
      return isRestart || shown.stale ? load({ instance: null, etag: null }, signal) : answer
    },
  }
}
