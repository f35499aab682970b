import { setTimeout as delay } from 'node:timers/promises'
import { callSignal } from '@svcproxy/core'

/** What classes of applications have: private fields, overloads, type parameters, values, an end. */
export class Ledger<Entry extends object> implements AsyncDisposable {
  readonly #entries: Entry[] = []
  readonly currency = 'CHF'
  /** Calls of {@link Ledger.settle} that wait. */
  settling = 0
  closed = false

  get size(): number {
    return this.#entries.length
  }

  add(entry: Entry): number {
    return this.#entries.push(entry)
  }

  async map<R>(each: (entry: Entry) => R): Promise<R[]> {
    return this.#entries.map((entry) => each(entry))
  }

  count(of: 'all'): Promise<number>
  count(of: Entry): Promise<bigint>
  count(of: Entry | 'all'): Promise<number | bigint> {
    if (of === 'all') return Promise.resolve(this.#entries.length)
    return Promise.resolve(BigInt(this.#entries.filter((entry) => entry === of).length))
  }

  first<Key extends keyof Entry>(key: Key): Entry[Key] | undefined {
    return this.#entries[0]?.[key]
  }

  /** Takes a minute, or until its caller has no use for it. */
  async settle(): Promise<number> {
    const signal = callSignal()
    this.settling++
    try {
      await delay(60_000, undefined, { signal })
      return this.#entries.length
    } finally {
      this.settling--
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true
  }
}
