import type { Clock } from '@svcproxy/core'
import { systemClock } from '@svcproxy/core/adapter'
import type { FleetStore } from '@svcproxy/fleet'
import { MemoryEngine, nothing } from './memory-engine.ts'
import type { Stored } from './memory-engine.ts'
import { MemoryStore } from './memory-store.ts'

/** Options of a {@link MemoryFleet}. */
export interface MemoryFleetOptions {
  /** The clock of the engine, like that of a server. @defaultValue the clock of the process */
  readonly clock?: Clock
  /** The latency of each message in either direction, in milliseconds. @defaultValue half a millisecond */
  readonly latencyMs?: () => number
}

/** A store of a {@link MemoryFleet}, whose link can fail in the ways that networks do. */
export interface MemoryFleetStore extends FleetStore {
  /** Cuts the link: the store notices at once, and reconnects after {@link MemoryFleetStore.heal}. */
  cut(): void
  /** Stops all messages in both directions without notice, like a half-open socket. */
  freeze(): void
  /** Repairs the link. */
  heal(): void
  /** Makes hints get lost from now on, or no longer; everything else works. A new connection loses none. */
  loseHints(lost?: boolean): void
}

/** Saved data with which a {@link MemoryFleet} can restart: the result of {@link MemoryFleet.save}. */
export interface SavedFleet {
  /** When it was saved, by the clock of the engine, in milliseconds. */
  readonly savedAt: number
}

/** By namespace. */
const saved = new WeakMap<SavedFleet, ReadonlyMap<string, Stored>>()

/**
 * An in-memory engine for fleets in one process, with the semantics of the Redis store, for tests. It can be stopped
 * and restarted with its data, without them or with older ones; the links of its stores can be cut, frozen, and made to
 * lose hints.
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

  /** Creates a store for one member. */
  store(): MemoryFleetStore {
    return new MemoryStore((namespace) => this.#engineOf(namespace))
  }

  /** Stops the engine: all stores are disconnected. */
  stop(): void {
    this.#isRunning = false
    for (const engine of this.#engines.values()) engine.stop()
  }

  /** Restarts the engine with its data, without them, or with saved ones. */
  restart(data: 'intact' | 'empty' | SavedFleet = 'intact'): void {
    this.#isRunning = true
    for (const [namespace, engine] of this.#engines) engine.restart(storedOf(data, namespace))
  }

  /** Saves the data, to restart with them later: like a snapshot on disk. */
  save(): SavedFleet {
    const data = { savedAt: this.#clock.now() }
    saved.set(data, new Map([...this.#engines].map(([namespace, engine]) => [namespace, engine.save()])))
    return data
  }

  /** Publishes a message on the channels of all namespaces, as anybody could. */
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

/** Undefined: the current data. */
function storedOf(data: 'intact' | 'empty' | SavedFleet, namespace: string): Stored | undefined {
  if (data === 'intact') return undefined
  return (data === 'empty' ? undefined : saved.get(data)?.get(namespace)) ?? nothing()
}
