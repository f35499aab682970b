import { callSignal, factoryProvider } from '@svcproxy/core'
import type { ServiceProvider } from '@svcproxy/core'
import { Census } from './census.ts'
import { hang } from './client-faults.ts'
import type { ClientFaults } from './client-faults.ts'
import type { Kind } from './kinds.ts'
import type { Records, RecordsClient } from './records.ts'

/** What a provider has seen: the other side of what its proxy says. */
export interface ProviderLedger {
  /** Instances on their way. */
  readonly loads: Census
  /** Health checks under way, those of loads included. */
  readonly checks: Census
  made: number
  disposed: number
  /** Instances disposed a second time, and calls on one that was disposed. */
  misuses: number
  /** What was made and not disposed. */
  readonly alive: Set<RecordsClient>
}

export interface RecordsProviderOptions {
  readonly kind: Kind
  readonly faults: ClientFaults
  /** Opens a connection; it is not used before a first {@link RecordsClient.ping}. */
  readonly connect: () => RecordsClient
}

/** A provider of {@link Records} whose clients can be hurt, and that counts what is asked of it. */
export function recordsProvider({ kind, faults, connect }: RecordsProviderOptions): {
  readonly provider: ServiceProvider<Records>
  readonly ledger: ProviderLedger
} {
  const { manner, renewal } = kind
  const alive = new Set<RecordsClient>()
  const ledger: ProviderLedger = { loads: new Census(), checks: new Census(), made: 0, disposed: 0, misuses: 0, alive }

  async function create(signal: AbortSignal): Promise<Connection> {
    if (faults.creating === 'hung') await hang(manner, signal)
    const client = connect()
    try {
      await client.ping(manner === 'cancels' ? signal : undefined)
    } catch (error) {
      await client.end()
      throw error
    }
    return new Connection({ client, kind, faults, ledger })
  }

  const provider = factoryProvider<Connection>('records', {
    create: ({ signal }) => counted(ledger.loads, () => create(signal)),
    dispose: (connection) => connection.end(),
    ...(renewal === 'checked'
      ? { checkHealth: (connection, { signal }) => counted(ledger.checks, () => connection.isWell(signal)) }
      : {}),
  })
  return { provider, ledger }
}

async function counted<R>(census: Census, work: () => Promise<R>): Promise<R> {
  const ended = census.begin()
  try {
    return await work()
  } finally {
    ended()
  }
}

interface ConnectionParts {
  readonly client: RecordsClient
  readonly kind: Kind
  readonly faults: ClientFaults
  readonly ledger: ProviderLedger
}

/** One instance: a client, and what can be wrong with it. */
class Connection implements Records {
  readonly #parts: ConnectionParts
  readonly #madeAt = performance.now()
  #broken = false
  #disposed = false

  constructor(parts: ConnectionParts) {
    this.#parts = parts
    parts.ledger.made++
    parts.ledger.alive.add(parts.client)
  }

  read(id: number): Promise<number> {
    const { client, kind } = this.#parts
    const signal = kind.manner === 'cancels' ? callSignal() : undefined
    this.#use()
    return client.read(id, signal)
  }

  async isWell(signal: AbortSignal): Promise<boolean> {
    const { client, kind, faults } = this.#parts
    this.#use()
    if (faults.checking === 'hung') await hang(kind.manner, signal)
    await client.ping(kind.manner === 'cancels' ? signal : undefined)
    return true
  }

  async end(): Promise<void> {
    const { client, ledger } = this.#parts
    if (this.#disposed) ledger.misuses++
    else ledger.disposed++
    this.#disposed = true
    ledger.alive.delete(client)
    await client.end()
  }

  /** Only another connection helps where one is broken. */
  #use(): void {
    const { faults, ledger } = this.#parts
    if (this.#disposed) ledger.misuses++
    this.#broken ||= faults.breaks(this.#madeAt)
    if (this.#broken) throw new Error('The connection is broken')
  }
}
