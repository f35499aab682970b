import type { CircuitState, CircuitStatus, ServiceProxy } from '@svcproxy/core'
import type { DatabaseTraffic } from '../postgres/database.ts'

export type CircuitListener = (from: CircuitState, to: CircuitState) => void

/** The visible state of a circuit of any service. */
export type Watched = Pick<ServiceProxy<never>, 'on' | 'circuitState' | 'getStatus'>

/** The counts of a circuit when it opened. */
export interface Opening {
  /** In the window of its rate. */
  readonly calls: number
  readonly failed: number
  readonly failedInARow: number
}

/** Watches a circuit, and what reaches the database while it is open. */
export class CircuitWatch {
  readonly #proxy: Watched
  readonly #traffic: DatabaseTraffic
  readonly #waiting = new Map<CircuitState, (() => void)[]>()
  #callsAtOpening: number | undefined
  #callsWhileOpen = 0
  #lastClosed: CircuitStatus | undefined
  openings = 0

  constructor(proxy: Watched, traffic: DatabaseTraffic, listener: CircuitListener) {
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

  /** To be called after each call, for {@link CircuitWatch.opening}: what a circuit has counted it forgets when it opens. */
  look(): void {
    const { circuit } = this.#proxy.getStatus()
    if (circuit?.state === 'closed') this.#lastClosed = circuit
  }

  /** What had been counted when it opened: what was seen last, and the call that opened it, which failed. Zeroes before. */
  get opening(): Opening {
    const { rates: [rate] = [], consecutiveFailures = 0 } = this.#lastClosed ?? {}
    if (this.openings === 0 || rate === undefined) return { calls: 0, failed: 0, failedInARow: 0 }
    return { calls: rate.calls + 1, failed: rate.bad + 1, failedInARow: consecutiveFailures + 1 }
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
