import type { Clock } from '@svcproxy/core'
import { systemClock } from '@svcproxy/core/adapter'
import type { FleetStore } from '@svcproxy/fleet'
import { MemoryEngine, nothing } from './memory-engine.ts'
import type { Stored } from './memory-engine.ts'
import { MemoryStore } from './memory-store.ts'

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

/** By namespace. */
const saved = new WeakMap<SavedFleet, ReadonlyMap<string, Stored>>()

/**
 * A store for fleets in one process: what a Redis is to real ones, with the same semantics, for tests. It can be stopped and
 * come back with its data, without or with older data; the links of its stores can be cut, frozen and made to lose hints.
 */
export class MemoryFleet {
  readonly #clock: Clock
  readonly #latencyMs: () => number
  /** By namespace. */
  readonly #engines = new Map<string, MemoryEngine>()
  #isRunning = true

  constructor({ clock = systemClock, latencyMs = () => 0.5 }: MemoryFleetOptions = {}) {
    this.#clock = clock
    this.#latencyMs = latencyMs
  }

  /** A store for one member. */
  store(): MemoryFleetStore {
    return new MemoryStore((namespace) => this.#engineOf(namespace))
  }

  /** It dies: nobody is connected any more. */
  stop(): void {
    this.#isRunning = false
    for (const engine of this.#engines.values()) engine.stop()
  }

  /** It is back, with its data, with none, or with what it had when it was saved. */
  restart(data: 'intact' | 'empty' | SavedFleet = 'intact'): void {
    this.#isRunning = true
    for (const [namespace, engine] of this.#engines) engine.restart(storedOf(data, namespace))
  }

  /** Its data, to come back with later: a snapshot on a disk. */
  save(): SavedFleet {
    const data = { savedAt: this.#clock.now() }
    saved.set(data, new Map([...this.#engines].map(([namespace, engine]) => [namespace, engine.save()])))
    return data
  }

  /** Says something on the channels of all namespaces, as anybody can. */
  publish(message: string): void {
    for (const engine of this.#engines.values()) engine.publish(message)
  }

  #engineOf(namespace: string): MemoryEngine {
    const known = this.#engines.get(namespace)
    if (known !== undefined) return known
    const engine = new MemoryEngine(this.#clock, this.#latencyMs, this.#isRunning)
    this.#engines.set(namespace, engine)
    return engine
  }
}

/** Undefined: what it has. */
function storedOf(data: 'intact' | 'empty' | SavedFleet, namespace: string): Stored | undefined {
  if (data === 'intact') return undefined
  return (data === 'empty' ? undefined : saved.get(data)?.get(namespace)) ?? nothing()
}
