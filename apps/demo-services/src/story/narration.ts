import { setTimeout as delay } from 'node:timers/promises'
import type { Table } from './row.ts'
import { printCheck, printEvent, printTitle } from './terminal.ts'

/** The time between two rows of a table, in milliseconds. */
const ROW_EVERY_MS = 1_000

/** Tells a story act by act, with a clock and a table, and counts failed checks. */
export class Narration {
  readonly #signal: AbortSignal
  readonly #rowEveryMs: number
  readonly #startedAt = performance.now()
  #table: Table | undefined
  #actCount = 0
  #failedChecks = 0

  /** @param signal aborts when the user interrupts the demo */
  constructor(signal: AbortSignal, rowEveryMs: number = ROW_EVERY_MS) {
    this.#signal = signal
    this.#rowEveryMs = rowEveryMs
  }

  /** The number of failed checks. */
  get failedChecks(): number {
    return this.#failedChecks
  }

  /** Begins an act. @param table the contents of its rows, if it has any */
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

  /** Lets the traffic flow for this number of rows. */
  async rows(count: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      await this.pause(this.#rowEveryMs)
      await this.#table?.printRow(this.#seconds())
    }
  }

  /**
   * Lets the traffic flow until `happened` resolves, and completes the row; false if it took longer than `patienceS`
   * seconds.
   */
  async rowsUntil(happened: Promise<unknown>, patienceS: number): Promise<boolean> {
    const impatientAt = performance.now() + patienceS * 1_000
    const progress = { done: false }
    // It rejects if the user interrupts, or a process is gone: the next row will notice, too.
    happened.then(
      () => (progress.done = true),
      () => undefined,
    )
    while (!progress.done && performance.now() < impatientAt) await this.rows(1)
    return progress.done
  }

  /** @throws the reason, when the user interrupts */
  async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#signal })
  }

  #seconds(): number {
    return (performance.now() - this.#startedAt) / 1000
  }
}
