import type { CircuitState, ServiceProxy } from '@svcproxy/core'
import type { DatabaseTraffic } from '../postgres/database.ts'
import type { EntityService } from '../services/entity-service.ts'

export type CircuitListener = (from: CircuitState, to: CircuitState) => void

/** Watches a circuit, and what reaches the database while it is open. */
export class CircuitWatch {
  readonly #proxy: ServiceProxy<EntityService>
  readonly #traffic: DatabaseTraffic
  readonly #waiting = new Map<CircuitState, (() => void)[]>()
  #callsAtOpening: number | undefined
  #callsWhileOpen = 0
  openings = 0

  constructor(proxy: ServiceProxy<EntityService>, traffic: DatabaseTraffic, listener: CircuitListener) {
    this.#proxy = proxy
    this.#traffic = traffic
    proxy.on('circuit', ({ from, to }) => {
      this.#count(to)
      listener(from, to)
      this.#waiting.get(to)?.forEach((resume) => resume())
      this.#waiting.delete(to)
    })
  }

  get state(): CircuitState | 'disabled' {
    return this.#proxy.circuitState
  }

  /** Connections attempted and queries sent while the circuit was open. */
  get callsWhileOpen(): number {
    const now = this.#callsAtOpening === undefined ? 0 : callsOf(this.#traffic) - this.#callsAtOpening
    return this.#callsWhileOpen + now
  }

  /** Resolves when the circuit next enters `state`, or is in it. */
  async until(state: CircuitState): Promise<void> {
    if (this.state === state) return
    await new Promise<void>((resolve) => {
      this.#waiting.set(state, [...(this.#waiting.get(state) ?? []), resolve])
    })
  }

  #count(to: CircuitState): void {
    if (to === 'open') {
      this.openings++
      this.#callsAtOpening = callsOf(this.#traffic)
    } else {
      this.#callsWhileOpen = this.callsWhileOpen
      this.#callsAtOpening = undefined
    }
  }
}

export function callsOf({ connections, queries }: DatabaseTraffic): number {
  return connections + queries
}
