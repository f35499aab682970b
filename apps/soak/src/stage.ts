import { ClientFaults } from './client-faults.ts'
import type { Caller } from './callers/caller.ts'
import { codeCaller } from './callers/code-caller.ts'
import { expressCaller } from './callers/express-caller.ts'
import { koaCaller } from './callers/koa-caller.ts'
import { audit, createContestant } from './contestant.ts'
import type { Contestant } from './contestant.ts'
import { httpClient } from './http/http-client.ts'
import { HttpService } from './http/http-service.ts'
import { KINDS } from './kinds.ts'
import type { ClientOptions } from './kinds.ts'
import { Load } from './load.ts'
import { postgresClient } from './postgres/postgres-client.ts'
import { OPERATOR, PostgresService, RECORD_COUNT } from './postgres/postgres-service.ts'
import { Pulse } from './pulse.ts'
import type { Random } from './random.ts'
import { Ends } from './tally.ts'

const AUDIT_EVERY_MS = 100

const PULSE: ClientOptions = { name: OPERATOR, manner: 'lingers' }

/** One proxy and the load on it. */
export interface Act {
  readonly contestant: Contestant
  readonly load: Load
}

/** Both services, all proxies before them, and the load on each. */
export class Stage implements AsyncDisposable {
  readonly http: HttpService
  readonly postgres: PostgresService
  readonly acts: readonly Act[]
  readonly pulse: Pulse
  readonly #callers: readonly Caller[]
  readonly #auditing: NodeJS.Timeout

  private constructor(
    parts: Pick<Stage, 'http' | 'postgres' | 'acts' | 'pulse'> & { readonly callers: readonly Caller[] },
  ) {
    this.http = parts.http
    this.postgres = parts.postgres
    this.acts = parts.acts
    this.pulse = parts.pulse
    this.#callers = parts.callers
    this.#auditing = setInterval(() => this.audit('under load'), AUDIT_EVERY_MS)
  }

  static async set(random: Random): Promise<Stage> {
    const faults = { http: new ClientFaults(), postgres: new ClientFaults() }
    const http = await HttpService.start(faults.http)
    let postgres: PostgresService
    try {
      postgres = await PostgresService.start(faults.postgres)
    } catch (error) {
      await http[Symbol.asyncDispose]()
      throw error
    }
    const contestants = KINDS.map((kind) =>
      createContestant({
        kind,
        faults: faults[kind.backend],
        connect: () => (kind.backend === 'http' ? httpClient(http.port, kind) : postgresClient(postgres.url, kind)),
      }),
    )
    const callers = await Promise.all(contestants.map((contestant) => callerOf(contestant)))
    const acts = contestants.map((contestant, index) => {
      const caller = callers[index]
      if (caller === undefined) throw new RangeError('A proxy without a caller')
      return { contestant, load: new Load(caller, RECORD_COUNT, random) }
    })
    const pulse = new Pulse([() => httpClient(http.port, PULSE), () => postgresClient(postgres.url, PULSE)])
    return new Stage({ http, postgres, acts, callers, pulse })
  }

  /** What begins from now on belongs together: returns the calls of an act. */
  openWindows(): (act: Act) => Ends {
    const windows = new Map(this.acts.map((act) => [act, act.load.openWindow()]))
    return (act) => windows.get(act) ?? new Ends()
  }

  /** Every proxy says what its callers say. */
  audit(when: string): void {
    for (const { contestant } of this.acts) audit(contestant, when)
  }

  /** The trouble is over: what still hangs may do so for ever. */
  writeOff(): void {
    for (const { contestant } of this.acts) {
      contestant.ledger.loads.writeOff()
      contestant.ledger.checks.writeOff()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#auditing)
    await Promise.all(this.acts.map(({ load }) => load.stop(0)))
    await Promise.all(this.acts.map(({ contestant }) => contestant.manager.stop({ timeoutMs: 0 })))
    await Promise.all(this.#callers.map((caller) => caller[Symbol.asyncDispose]()))
    // Where a call never settles its connection is in use for ever.
    const left = this.acts.flatMap(({ contestant }) => [...contestant.ledger.alive])
    await this.http[Symbol.asyncDispose]()
    await this.postgres[Symbol.asyncDispose]()
    await Promise.allSettled(left.map((client) => client.end()))
  }
}

async function callerOf(contestant: Contestant): Promise<Caller> {
  const { callers } = contestant.kind
  if (callers === 'code') return codeCaller(contestant)
  return callers === 'express' ? expressCaller(contestant) : koaCaller(contestant)
}
