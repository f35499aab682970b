import type { Clock } from '@svcproxy/core'
import { systemClock } from '@svcproxy/core/adapter'
import type { FleetStore } from '@svcproxy/fleet'
import { MemoryEngine, nothing } from './memory-engine.ts'
import type { Stored } from './memory-engine.ts'

/** How a {@link MemoryFleet} is set up. */
export interface MemoryFleetOptions {
  /** Its own, as that of a server is. @defaultValue the process's clock */
  readonly clock?: Clock
  /** How long each message takes, in milliseconds: to it, and from it. @defaultValue half a millisecond */
  readonly latencyMs?: () => number
}

/** A store of a {@link MemoryFleet}, whose link can be broken in the ways that networks have. */
export interface MemoryFleetStore extends FleetStore {
  /** Cuts the link: the store notices at once, and connects again after {@link MemoryFleetStore.heal}. */
  cut(): void
  /** Nothing passes any more, in either direction, and nobody says so: a half-open socket. */
  freeze(): void
  /** The link is well again. */
  heal(): void
  /** Hints are lost from now on, or not any more; all else works. A new connection loses none. */
  loseHints(lost?: boolean): void
}

/** What a {@link MemoryFleet} can come back with: {@link MemoryFleet.save} gives it. */
export interface SavedFleet {
  /** When it was saved, by the clock of the engine, in milliseconds. */
  readonly savedAt: number
}

const saved = new WeakMap<SavedFleet, Stored>()

/**
 * A store for fleets in one process: what a Redis is to real ones, with the same semantics, for tests. It can be stopped and
 * come back with its data, without or with older data; the links of its stores can be cut, frozen and made to lose hints.
 */
export class MemoryFleet {
  readonly #engine: MemoryEngine

  constructor({ clock = systemClock, latencyMs = () => 0.5 }: MemoryFleetOptions = {}) {
    this.#engine = new MemoryEngine(clock, latencyMs)
  }

  /** A store for one member. */
  store(): MemoryFleetStore {
    return this.#engine.store()
  }

  /** It dies: nobody is connected any more. */
  stop(): void {
    this.#engine.stop()
  }

  /** It is back, with its data, with none, or with what it had when it was saved. */
  restart(data: 'intact' | 'empty' | SavedFleet = 'intact'): void {
    if (data === 'intact') this.#engine.restart(undefined)
    else this.#engine.restart(data === 'empty' ? nothing() : saved.get(data))
  }

  /** Its data, to come back with later: a snapshot on a disk. */
  save(): SavedFleet {
    const data = { savedAt: this.#engine.clock.now() }
    saved.set(data, this.#engine.save())
    return data
  }

  /** Says something on the channel, as anybody can. */
  publish(message: string): void {
    this.#engine.publish(message)
  }
}
