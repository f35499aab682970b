import { setTimeout as delay } from 'node:timers/promises'
import type { Table } from './row.ts'
import { printCheck, printEvent, printTitle } from './terminal.ts'

/** Between two rows of a table, in milliseconds. */
const ROW_EVERY_MS = 1_000

/** How a story is told: act by act, with a clock, a table, and whether it goes as told. */
export class Narration {
  readonly #signal: AbortSignal
  readonly #rowEveryMs: number
  readonly #startedAt = performance.now()
  #table: Table | undefined
  #actCount = 0
  #failedChecks = 0

  /** @param signal aborts when the person at the terminal has seen enough */
  constructor(signal: AbortSignal, rowEveryMs: number = ROW_EVERY_MS) {
    this.#signal = signal
    this.#rowEveryMs = rowEveryMs
  }

  /** How often something did not go as told. */
  get failedChecks(): number {
    return this.#failedChecks
  }

  /** Begins an act. @param table what its rows show, if it has any */
  act(title: string, table?: Table): void {
    this.#table = table
    printTitle(++this.#actCount, title)
    table?.printHeader()
  }

  event(mark: string, text: string, name: 'red' | 'green' | 'yellow' | 'cyan'): void {
    printEvent(this.#seconds(), mark, text, name)
  }

  check(passed: boolean, text: string): void {
    if (!passed) this.#failedChecks++
    printCheck(passed, text)
  }

  /** Lets the traffic flow for so many rows. */
  async rows(count: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      await this.pause(this.#rowEveryMs)
      await this.#table?.printRow(this.#seconds())
    }
  }

  /** Lets the traffic flow until `happened` resolves, and the row is full; false when it did not within so many seconds. */
  async rowsUntil(happened: Promise<unknown>, patienceS: number): Promise<boolean> {
    const impatientAt = performance.now() + patienceS * 1_000
    const progress = { done: false }
    // A rejection is the audience that leaves, or a process that is gone: the next row finds out, too.
    happened.then(
      () => (progress.done = true),
      () => undefined,
    )
    while (!progress.done && performance.now() < impatientAt) await this.rows(1)
    return progress.done
  }

  /** @throws the reason, when the audience leaves */
  async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#signal })
  }

  #seconds(): number {
    return (performance.now() - this.#startedAt) / 1000
  }
}
