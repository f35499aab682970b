import { between, seeded, shuffled } from './random.ts'
import type { Random } from './random.ts'

/** What can go wrong with either service, because its client has it. */
export type ClientTrouble = 'hung create' | 'hung check' | 'broken connection'

/** What can go wrong with the HTTP service. `freeze` stops its process: connections are accepted by the kernel alone. */
export type HttpTrouble = 'hang' | 'freeze' | 'slow' | 'reset' | 'errors' | 'not found' | 'flapping' | ClientTrouble

/** What can go wrong with PostgreSQL. */
export type PostgresTrouble = 'freeze' | 'lock' | 'killed backends' | 'restart' | ClientTrouble

const CLIENT_TROUBLES: readonly ClientTrouble[] = ['hung create', 'hung check', 'broken connection']

export const HTTP_TROUBLES: readonly HttpTrouble[] = [
  'hang',
  'freeze',
  'slow',
  'reset',
  'errors',
  'not found',
  'flapping',
  ...CLIENT_TROUBLES,
]

export const POSTGRES_TROUBLES: readonly PostgresTrouble[] = [
  'freeze',
  'lock',
  'killed backends',
  'restart',
  ...CLIENT_TROUBLES,
]

/** Whether it is made in the clients and not in the service. */
export function isClientTrouble(trouble: HttpTrouble | PostgresTrouble): trouble is ClientTrouble {
  return CLIENT_TROUBLES.some((known) => known === trouble)
}

/** One outage of each service, and the time after it in which all has to be well again. */
export interface Round {
  readonly number: number
  readonly http: HttpTrouble
  readonly postgres: PostgresTrouble
  readonly troubleMs: number
}

/** How a soak goes, durations in milliseconds. */
export interface Plan {
  readonly seed: number
  readonly rounds: readonly Round[]
  /** How long after a trouble calls are judged, from {@link GRACE_MS} after its end. */
  readonly judgedMs: number
}

/** How long after the end of a trouble all has to be well again, in milliseconds. */
export const GRACE_MS = 1_000
/** Calls made this long before a trouble begins are not judged: it may still hit them. More than their deadline. */
export const DRAIN_MS = 350

interface Pace {
  readonly troubleMs: readonly [number, number]
  readonly judgedMs: number
}

const FULL: Pace = { troubleMs: [1_500, 3_000], judgedMs: 2_000 }
const QUICK: Pace = { troubleMs: [700, 1_100], judgedMs: 700 }

/** As many rounds as go into the time, at least one; each trouble comes up before any comes up again. */
export function planFor({ seconds, quick, seed }: { seconds: number; quick: boolean; seed: number }): Plan {
  const { troubleMs, judgedMs } = quick ? QUICK : FULL
  const random = seeded(seed)
  const http = deckOf(HTTP_TROUBLES, random)
  const postgres = deckOf(POSTGRES_TROUBLES, random)
  const rounds: Round[] = []
  // A well phase comes before the first.
  let leftMs = seconds * 1_000 - judgedMs
  for (;;) {
    const round: Round = {
      number: rounds.length + 1,
      http: http(),
      postgres: postgres(),
      troubleMs: Math.round(between(...troubleMs, random)),
    }
    leftMs -= round.troubleMs + GRACE_MS + judgedMs + DRAIN_MS
    if (leftMs < 0 && rounds.length > 0) return { seed, rounds, judgedMs }
    rounds.push(round)
  }
}

/** Deals out all items in an order of chance, then all of them again in another. */
function deckOf<T>(items: readonly T[], random: Random): () => T {
  let left: T[] = []
  return () => {
    if (left.length === 0) left = shuffled(items, random)
    const next = left.pop()
    if (next === undefined) throw new RangeError('A deck without cards')
    return next
  }
}
