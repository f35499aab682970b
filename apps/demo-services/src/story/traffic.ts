import { Ledger } from './ledger.ts'
import type { Answer, Side } from './ledger.ts'

/** Time between two requests to the same side, in milliseconds. */
export const REQUEST_EVERY_MS = 50

const PREFIXES: Readonly<Record<Side, string>> = { standard: '/standard', proxied: '' }
/** After that a client has better things to do. */
const CLIENT_TIMEOUT_MS = 30_000
const VEHICLE_COUNT = 12

/** Sends the same requests to both sides, over HTTP, in a steady rhythm whether or not the earlier ones were answered. */
export class Traffic {
  readonly ledgers: Readonly<Record<Side, Ledger>> = { standard: new Ledger(), proxied: new Ledger() }
  readonly #baseUrl: string
  readonly #listeners = new Set<(answer: Answer) => void>()
  readonly #underWay = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | undefined
  #sentCount = 0

  constructor(baseUrl: string) {
    this.#baseUrl = baseUrl
  }

  start(): void {
    this.#timer = setInterval(() => this.#sendToBoth(), REQUEST_EVERY_MS)
  }

  /** Sends no more; resolves when everything was answered. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#underWay)
  }

  /** Resolves with the first answer from now on that `wanted` holds for. */
  next(wanted: (answer: Answer) => boolean): Promise<Answer> {
    return new Promise((resolve) => {
      const listener = (answer: Answer): void => {
        if (!wanted(answer)) return
        this.#listeners.delete(listener)
        resolve(answer)
      }
      this.#listeners.add(listener)
    })
  }

  #sendToBoth(): void {
    const path = pathOf(this.#sentCount++)
    for (const side of ['standard', 'proxied'] as const) {
      const request = this.#send(side, path).finally(() => this.#underWay.delete(request))
      this.#underWay.add(request)
    }
  }

  async #send(side: Side, path: string): Promise<void> {
    const startedAt = performance.now()
    const answered = this.ledgers[side].begin(startedAt)
    const url = `${this.#baseUrl}${PREFIXES[side]}${path}`
    const reply = await fetchReply(url)
    const answer: Answer = { side, path, ...reply, durationMs: performance.now() - startedAt }
    answered(answer)
    for (const listener of this.#listeners) listener(answer)
  }
}

/** Three single vehicles, then the list. */
function pathOf(index: number): string {
  return index % 4 === 3 ? '/entities' : `/entities/veh-${String(1 + (index % VEHICLE_COUNT)).padStart(3, '0')}`
}

async function fetchReply(url: string): Promise<Pick<Answer, 'status' | 'retryAfter' | 'lastKnown'>> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(CLIENT_TIMEOUT_MS) })
    const text = await response.text()
    return {
      status: response.status,
      retryAfter: response.headers.get('retry-after') ?? undefined,
      lastKnown: text.includes('"source":"last known"'),
    }
  } catch {
    return { status: 0, retryAfter: undefined, lastKnown: false }
  }
}
