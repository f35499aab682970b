import { setTimeout as delay } from 'node:timers/promises'
import { DRAIN_MS, GRACE_MS } from './plan.ts'
import type { Round } from './plan.ts'
import type { Stage } from './stage.ts'
import { fault } from './verdicts.ts'
import type { Passage } from './verdicts.ts'

/**
 * Where a service takes this long without a proxy, the machine is too busy to say anything about the proxies; calls have
 * 250. In milliseconds. What is found amiss then is judged again, on the calls of a later window.
 */
const BUSY_MS = 80
const MAX_WINDOWS = 5
/**
 * Work that does not end when it is told to holds others back, at a deadline of 250 ms for 3.8 s from the first load that
 * hung; that one may begin a TTL, a pause and a trial after the trouble did. What has not recovered by then never will.
 * In milliseconds from the beginning of the trouble.
 */
const HELD_BACK_MS = 5_000
/** A service that has just been thawed or started is slow without anybody's doing, in milliseconds. */
const WAKING_MS = 300

/** What came of a round. */
export interface Played {
  readonly passages: readonly Passage[]
  /** The slowest that a service was without a proxy since it was well again, in milliseconds. */
  readonly slowestBeatMs: number
}

/** One outage of both services, until all has to be well again. */
export async function playRound(
  stage: Stage,
  round: Round,
  { judgedMs, signal }: { readonly judgedMs: number; readonly signal: AbortSignal },
): Promise<Played> {
  const { http, postgres, pulse } = stage
  const beganAt = performance.now()
  const during = stage.openWindows()
  await Promise.all([http.begin(round.http), postgres.begin(round.postgres)])
  await delay(round.troubleMs, undefined, { signal })
  await Promise.all([http.end(), postgres.end()])
  const recovering = stage.openWindows()
  stage.writeOff()
  await delay(WAKING_MS, undefined, { signal })
  const over = new AbortController()
  const feeling = pulse.feel(over.signal)
  try {
    await delay(GRACE_MS - WAKING_MS, undefined, { signal })
    let passages: readonly Passage[] = []
    for (let count = 1; ; count++) {
      const after = stage.openWindows()
      await delay(judgedMs, undefined, { signal })
      stage.openWindows()
      await delay(DRAIN_MS, undefined, { signal })
      const before = passages
      passages = stage.acts.map((act, index): Passage => {
        const { kind } = act.contestant
        const earlier = before[index]
        // Who was well once has outlived nothing.
        if (earlier !== undefined && fault(earlier) === undefined) return earlier
        return {
          trouble: round[kind.backend],
          kind: kind.name,
          during: during(act),
          recovering: recovering(act),
          after: after(act),
        }
      })
      const slowestBeatMs = pulse.take()
      const faulty = stage.acts.filter(
        (_, index) => passages[index] !== undefined && fault(passages[index]) !== undefined,
      )
      const heldBack = faulty.every((act) => act.contestant.kind.manner !== 'cancels')
      const isWaiting = slowestBeatMs > BUSY_MS || (heldBack && performance.now() - beganAt < HELD_BACK_MS + judgedMs)
      if (faulty.length === 0 || !isWaiting || count === MAX_WINDOWS) return { passages, slowestBeatMs }
    }
  } finally {
    over.abort()
    await feeling
  }
}
