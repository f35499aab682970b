import type { CircuitState } from '@svcproxy/core'
import type { DatabaseTraffic } from '../postgres/database.ts'
import type { DemoManager } from '../service-manager.ts'
import { callsOf, CircuitWatch } from './circuit-watch.ts'
import { DEMO_POLICY } from './demo-policy.ts'
import type { Answer, Side } from './ledger.ts'
import { Narration } from './narration.ts'
import { printHeader, printRow } from './row.ts'
import type { Table } from './row.ts'
import { duration, printRemark } from './terminal.ts'
import { COMMANDS, READS, Traffic } from './traffic.ts'

export interface StageParts {
  readonly manager: DemoManager
  readonly baseUrl: string
  readonly databaseTraffic: Readonly<Record<Side, DatabaseTraffic>>
  /** Aborts when the user interrupts the demo. */
  readonly signal: AbortSignal
}

/** The stage for a story: its traffic, its clock, and the output. */
export class Stage extends Narration {
  /** Reads, from the first act on. */
  readonly traffic: Traffic
  /** Writes, once an act has started them. */
  readonly commands: Traffic
  readonly circuit: CircuitWatch
  readonly #parts: StageParts
  /** The reads of both sides. */
  readonly #reads: Table = { printHeader, printRow: (seconds) => this.#printRow(seconds) }
  readonly #callsWhileDown: Record<Side, number> = { standard: 0, proxied: 0 }
  #callsAtLastRow: Record<Side, number>
  #callsAtOutage: Record<Side, number> | undefined

  constructor(parts: StageParts) {
    super(parts.signal)
    const { manager, baseUrl, databaseTraffic } = parts
    this.#parts = parts
    this.traffic = new Traffic(baseUrl, READS)
    this.commands = new Traffic(baseUrl, COMMANDS)
    const opened = `after ${DEMO_POLICY.failureThreshold} failures: nothing is sent to the database any more`
    this.circuit = new CircuitWatch(manager.getProxy('entityService'), databaseTraffic.proxied, (from, to) =>
      this.circuitChanged('circuit', opened, from, to),
    )
    this.#callsAtLastRow = this.#databaseCalls()
  }

  get manager(): DemoManager {
    return this.#parts.manager
  }

  /** What was sent to the database, counted at the driver. */
  get databaseTraffic(): Readonly<Record<Side, DatabaseTraffic>> {
    return this.#parts.databaseTraffic
  }

  /** Requests that found the entity service in its proxy's cache. */
  get cacheHits(): number {
    return this.#parts.manager.getProxy('entityService').getMetrics().cacheHits
  }

  /** Calls that were sent to the database between {@link Stage.outageBegins} and {@link Stage.outageEnds}. */
  get callsWhileDown(): Readonly<Record<Side, number>> {
    return this.#callsWhileDown
  }

  /** Begins an act. @param table the contents of its rows; by default the reads of both sides */
  override act(title: string, table: Table = this.#reads): void {
    super.act(title, table)
  }

  /** @param circuit its name @param opened why it opened, and what that means */
  circuitChanged(circuit: string, opened: string, from: CircuitState, to: CircuitState): void {
    if (to === 'half_open') {
      this.event('◐', `${circuit} half-open: it admits one trial call at a time`, 'yellow')
    } else if (to === 'closed') {
      this.event('●', `${circuit} closed: the trials succeeded`, 'green')
    } else {
      this.event('○', `${circuit} open ${from === 'half_open' ? 'again: the trial failed' : opened}`, 'red')
    }
  }

  /** Shows a real response as an example. */
  show({ path, side, status, retryAfter, lastKnown, durationMs }: Answer): void {
    const request = `GET ${side === 'standard' ? '/standard' : ''}${path}`.padEnd(32)
    const remark = lastKnown ? 'the last known list' : retryAfter !== undefined && `Retry-After: ${retryAfter}`
    printRemark(`${request} ${status} in ${duration(durationMs).padEnd(8)} ${remark || ''}`.trimEnd())
  }

  /** Stops sending; resolves when everything was answered. */
  async end(): Promise<void> {
    await Promise.all([this.traffic.stop(), this.commands.stop()])
  }

  outageBegins(): void {
    this.#callsAtOutage ??= this.#databaseCalls()
  }

  outageEnds(): void {
    const before = this.#callsAtOutage
    if (before === undefined) return
    const now = this.#databaseCalls()
    this.#callsWhileDown.standard += now.standard - before.standard
    this.#callsWhileDown.proxied += now.proxied - before.proxied
    this.#callsAtOutage = undefined
  }

  /** Resolves with the next proxied response of this kind. */
  nextProxied(wanted: (answer: Answer) => boolean): Promise<Answer> {
    return this.traffic.next((answer) => answer.side === 'proxied' && wanted(answer))
  }

  #printRow(seconds: number): void {
    const now = performance.now()
    const calls = this.#databaseCalls()
    const { standard, proxied } = this.traffic.ledgers
    printRow({
      seconds,
      standard: standard.takeRecent(now),
      proxied: proxied.takeRecent(now),
      calls: {
        standard: calls.standard - this.#callsAtLastRow.standard,
        proxied: calls.proxied - this.#callsAtLastRow.proxied,
      },
      circuit: this.circuit.state,
      cacheHits: this.cacheHits,
    })
    this.#callsAtLastRow = calls
  }

  #databaseCalls(): Record<Side, number> {
    const { standard, proxied } = this.#parts.databaseTraffic
    return { standard: callsOf(standard), proxied: callsOf(proxied) }
  }
}
