import { openConnection, type Connection } from './connection.ts'
import { summarizeLatencies } from './latencies.ts'
import type { LoadResult } from './load-order.ts'

/** So many requests a second, whatever the server makes of them. */
export interface PacedOrder {
  readonly url: string
  readonly seconds: number
  readonly requestsPerSecond: number
}

const CONNECTIONS = 64
const TICK_MS = 1
/** Ticks whose requests are sent together at most: a load that was held up itself does not make up for it in a burst. */
const MAX_TICKS_AT_ONCE = 2

/**
 * Sends requests at a steady rate, those of a millisecond together. What finds every connection busy waits, and its
 * time counts from when it was due: a slow server is not spared. autocannon's own rate is none of this: each of its
 * connections sends a second's requests as fast as it can, and waits for the next second.
 */
export async function pacedLoad({ url, seconds, requestsPerSecond }: PacedOrder): Promise<LoadResult> {
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => openConnection(url)))
  const load = new PacedLoad(connections)
  const startedAt = performance.now()
  await load.run(requestsPerSecond, seconds * 1_000)
  const elapsedSeconds = (performance.now() - startedAt) / 1_000
  for (const connection of connections) connection.close()
  const { latenciesMs, non2xx, errors } = load
  const requests = latenciesMs.length
  return { requests, requestsPerSecond: requests / elapsedSeconds, ...summarizeLatencies(latenciesMs), non2xx, errors }
}

class PacedLoad {
  readonly latenciesMs: number[] = []
  non2xx = 0
  errors = 0
  readonly #idle: Connection[]
  /** When each request was due that found no connection. */
  readonly #waiting: number[] = []
  readonly #underWay = new Set<Promise<void>>()

  constructor(connections: readonly Connection[]) {
    this.#idle = [...connections]
  }

  /** Ends when all is answered. */
  async run(requestsPerSecond: number, durationMs: number): Promise<void> {
    const perTick = (requestsPerSecond * TICK_MS) / 1_000
    const atOnce = Math.ceil(perTick * MAX_TICKS_AT_ONCE)
    const startedAt = performance.now()
    let due = 0
    await new Promise<void>((resolve) => {
      const ticks = setInterval(() => {
        const now = performance.now()
        const elapsedMs = now - startedAt
        const dueByNow = Math.floor((elapsedMs / TICK_MS) * perTick)
        for (let n = Math.min(dueByNow - due, atOnce); n > 0; n--) this.#ask(now)
        due = dueByNow
        if (elapsedMs < durationMs) return
        clearInterval(ticks)
        resolve()
      }, TICK_MS)
    })
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
    // All connections were lost.
    this.errors += this.#waiting.length
  }

  #ask(dueAt: number): void {
    const connection = this.#idle.pop()
    if (connection === undefined) {
      this.#waiting.push(dueAt)
      return
    }
    const exchange = this.#exchange(connection, dueAt).finally(() => this.#underWay.delete(exchange))
    this.#underWay.add(exchange)
  }

  async #exchange(connection: Connection, dueAt: number): Promise<void> {
    try {
      const status = await connection.ask()
      this.latenciesMs.push(performance.now() - dueAt)
      if (status < 200 || status > 299) this.non2xx++
    } catch {
      // Its connection is lost, and is not used again.
      this.errors++
      return
    }
    this.#idle.push(connection)
    const next = this.#waiting.shift()
    if (next !== undefined) this.#ask(next)
  }
}
