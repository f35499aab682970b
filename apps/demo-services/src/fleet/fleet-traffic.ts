import { Ledger } from '../story/ledger.ts'
import type { Answer } from '../story/ledger.ts'
import { fetchReply, READS } from '../story/traffic.ts'

/** The time between two requests, in milliseconds. */
export const EVERY_MS = 20

/**
 * Sends the reads of the story to the shared port, each over its own connection, without waiting for earlier responses.
 */
export class FleetTraffic {
  readonly ledger: Ledger = new Ledger()
  /** How many requests each process has answered, by its name. */
  readonly answeredBy: Map<string, number> = new Map()
  readonly #baseUrl: string
  readonly #processes: number
  readonly #underWay = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | undefined
  #sentCount = 0

  /** @param processes the number of processes behind the port */
  constructor(baseUrl: string, processes: number) {
    this.#baseUrl = baseUrl
    this.#processes = processes
  }

  start(): void {
    this.#timer = setInterval(() => this.#sendOne(), EVERY_MS)
  }

  /** Stops sending; resolves when everything was answered. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#underWay)
  }

  #sendOne(): void {
    // The processes take turns, so that each gets the same requests.
    const { path } = READS.request(Math.floor(this.#sentCount++ / this.#processes))
    const request = this.#send(path).finally(() => this.#underWay.delete(request))
    this.#underWay.add(request)
  }

  async #send(path: string): Promise<void> {
    const startedAt = performance.now()
    const answered = this.ledger.begin(startedAt)
    // A kept connection would stay with one process.
    const { process, ...reply } = await fetchReply(`${this.#baseUrl}${path}`, { headers: { Connection: 'close' } })
    const answer: Answer = { side: 'proxied', path, ...reply, durationMs: performance.now() - startedAt }
    answered(answer)
    if (process !== undefined) this.answeredBy.set(process, (this.answeredBy.get(process) ?? 0) + 1)
  }
}
