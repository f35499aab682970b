import { FLAG_SERVICE } from './member.ts'
import type { MemberProcess } from './member-process.ts'

/** Watches the cached feature flags in all processes, until it is disposed. */
export class FlagWatch implements Disposable {
  readonly #stops: readonly (() => void)[]
  readonly #invalidatedAt = new Map<MemberProcess, number>()
  readonly #others = new Set<string>()
  #loads = 0
  #onInvalidated: () => void = () => undefined

  constructor(members: readonly MemberProcess[]) {
    this.#stops = members.map((member) =>
      member.onEvent((event) => {
        if (event.type === 'load' && event.service === FLAG_SERVICE) this.#loads++
        if (event.type === 'invalidate') this.#invalidated(member, event.service, event.at)
      }),
    )
  }

  /** How often the file was read, in all processes together. */
  get loads(): number {
    return this.#loads
  }

  /** The other services that were invalidated, in any process. */
  get otherServices(): readonly string[] {
    return [...this.#others]
  }

  /** When these processes first invalidated the flags, the earliest first, in milliseconds since 1970; without those that have not. */
  timesOf(members: readonly MemberProcess[]): number[] {
    return members.flatMap((member) => this.#invalidatedAt.get(member) ?? []).toSorted((one, other) => one - other)
  }

  /** Resolves when these processes have invalidated the flags. */
  untilInvalidatedIn(members: readonly MemberProcess[]): Promise<void> {
    return new Promise((resolve) => {
      this.#onInvalidated = (): void => {
        if (members.every((member) => this.#invalidatedAt.has(member))) resolve()
      }
      this.#onInvalidated()
    })
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop()
  }

  #invalidated(member: MemberProcess, service: string, at: number): void {
    if (service !== FLAG_SERVICE) {
      this.#others.add(service)
    } else if (!this.#invalidatedAt.has(member)) {
      this.#invalidatedAt.set(member, at)
      this.#onInvalidated()
    }
  }
}
