import { randomUUID } from 'node:crypto'
import type {
  Evidence,
  FleetMember,
  FleetSnapshot,
  FleetStore,
  FleetStoreListener,
  Invalidated,
  MemberView,
  ProbeLease,
  ProbeResult,
  SharedCircuitView,
} from '@svcproxy/fleet'
import { asError, Link } from './link.ts'
import { resolveOptions } from './options.ts'
import type { RedisStoreOptions, ResolvedOptions } from './options.ts'
import { circuitsOf, flagOf, invalidatedOf, membersOf, snapshotOf, viewOf } from './replies.ts'
import { SCRIPTS } from './script.ts'
import type { Operation } from './script.ts'

/** The delays before reconnecting, in milliseconds: doubling from the first to the last. */
const FIRST_RETRY_MS = 50
const LAST_RETRY_MS = 1_000
/** A link that is lost at once again and again is not retried at once, but as after this many retries. */
const FLAPPING_RETRIES = 3

/**
 * A fleet store on Redis, for one member. It has two connections, which it opens when the fleet is joined and whenever
 * they are lost.
 * @throws {@link InvalidOptionError}
 */
export function redisStore(options: RedisStoreOptions): FleetStore {
  return new RedisStore(resolveOptions(options))
}

class RedisStore implements FleetStore {
  readonly #options: ResolvedOptions
  #prefix = ''
  #listener: FleetStoreListener | undefined
  #link: Link | undefined
  #retry: NodeJS.Timeout | undefined
  #retries = 0
  #lost: Error = new Error('The store was not opened')

  constructor(options: ResolvedOptions) {
    this.#options = options
  }

  open(namespace: string, listener: FleetStoreListener): void {
    this.#prefix = `svcproxy:{${namespace}}:`
    this.#listener = listener
    this.#lost = new Error('The store has not connected yet')
    this.#connect()
  }

  async close(): Promise<void> {
    this.#listener = undefined
    clearTimeout(this.#retry)
    this.#lost = new Error('The store was closed')
    this.#link?.end(this.#lost)
  }

  reconnect(): void {
    if (this.#link?.isReady === true) this.#link.end(new Error('The store reconnects'))
  }

  async invalidate(member: string, scopes: readonly string[]): Promise<Invalidated> {
    // Random, because a counter in Redis would start again if Redis lost its data or was restored with older data.
    const tokens = new Map(scopes.map((scope) => [scope, randomUUID()]))
    return invalidatedOf(await this.#run('invalidate', member, randomUUID(), ...[...tokens].flat()), tokens)
  }

  async read(): Promise<FleetSnapshot> {
    return snapshotOf(await this.#run('read'))
  }

  async heartbeat({ id, label }: FleetMember, services: MemberView['services'], ttlMs: number): Promise<MemberView[]> {
    return membersOf(await this.#run('heartbeat', id, JSON.stringify({ label, services }), whole(ttlMs)))
  }

  async leave(member: string): Promise<void> {
    await this.#run('leave', member)
  }

  async report(member: string, evidence: readonly Evidence[]): Promise<SharedCircuitView[]> {
    const told = evidence.flatMap(({ service, failures, threshold, recoveryMs }) => [
      service,
      whole(failures),
      whole(threshold),
      whole(recoveryMs),
      randomUUID(),
    ])
    return circuitsOf(await this.#run('report', member, ...told))
  }

  async takeProbe(
    member: string,
    service: string,
    leaseMs: number,
  ): Promise<ProbeLease | SharedCircuitView | undefined> {
    const token = randomUUID()
    const reply = await this.#run('takeProbe', member, service, whole(leaseMs), token)
    return reply === token ? { service, token } : viewOf(reply)
  }

  async renewProbe({ service, token }: ProbeLease, leaseMs: number): Promise<boolean> {
    return flagOf(await this.#run('renewProbe', service, token, whole(leaseMs)))
  }

  async settleProbe({ service, token }: ProbeLease, result: ProbeResult, recoveryMs: number): Promise<boolean> {
    return flagOf(await this.#run('settleProbe', service, token, result, whole(recoveryMs), randomUUID()))
  }

  async #run(operation: Operation, ...args: string[]): Promise<unknown> {
    const link = this.#link
    if (link?.isReady !== true) throw new Error('Redis is not connected', { cause: this.#lost })
    const prefix = this.#prefix
    const keys = ['versions', 'members', 'alive', 'services'].map((name) => prefix + name)
    return link.run(SCRIPTS[operation], keys, [prefix, ...args])
  }

  #connect(): void {
    if (this.#listener === undefined) return
    let readyAt: number | undefined
    try {
      this.#link = new Link(this.#options, `${this.#prefix}hints`, {
        ready: () => {
          readyAt = performance.now()
          this.#retries = Math.min(this.#retries, FLAPPING_RETRIES)
          this.#listener?.connected()
        },
        message: (text) => this.#listener?.hinted(text),
        ended: (error) => {
          if (readyAt !== undefined && performance.now() - readyAt > LAST_RETRY_MS) this.#retries = 0
          this.#later(error)
          if (readyAt !== undefined) this.#listener?.disconnected(error)
        },
      })
    } catch (error) {
      this.#later(asError(error))
    }
  }

  #later(error: Error): void {
    this.#link = undefined
    if (this.#listener === undefined) return
    this.#lost = error
    // With jitter: the members have lost their connections at the same time.
    const longest = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#retries++, 10))
    this.#retry = setTimeout(() => this.#connect(), longest * (0.5 + Math.random() / 2))
  }
}

/** Redis stores whole milliseconds. */
function whole(number: number): string {
  return String(Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.ceil(number))))
}
