import { setTimeout as delay } from 'node:timers/promises'
import type { RecordsClient } from './records.ts'

const EVERY_MS = 40

/**
 * How well the machine is, by what the services take without any proxy: a client of its own opens a connection, asks and
 * closes it, again and again. It takes a few milliseconds, and far longer where somebody else has the processors.
 */
export class Pulse {
  readonly #connect: readonly (() => RecordsClient)[]
  #slowestMs = 0

  /** @param connect opens a client of each service */
  constructor(connect: readonly (() => RecordsClient)[]) {
    this.#connect = connect
  }

  /** Feels it until `signal` aborts. Begins anew. */
  async feel(signal: AbortSignal): Promise<void> {
    this.#slowestMs = 0
    while (!signal.aborted) {
      await Promise.all(this.#connect.map((connect) => this.#beat(connect)))
      await delay(EVERY_MS)
    }
  }

  /** The slowest beat since this was last asked, in milliseconds. */
  take(): number {
    const slowestMs = this.#slowestMs
    this.#slowestMs = 0
    return slowestMs
  }

  /** A failure counts as no beat at all. */
  async #beat(connect: () => RecordsClient): Promise<void> {
    const startedAt = performance.now()
    const client = connect()
    const took = await client.ping(undefined).then(
      () => performance.now() - startedAt,
      () => Infinity,
    )
    this.#slowestMs = Math.max(this.#slowestMs, took)
    await client.end()
  }
}
